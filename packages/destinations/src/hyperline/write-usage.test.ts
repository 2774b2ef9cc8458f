import { expect, test } from '@jest/globals';
import type { SegmentEvent } from '@meterbridge/segment-events';
import { hyperlineRuleSchema } from './settings.js';
import { compileHyperlineRule } from './write-usage.js';

const event = {
  type: 'track',
  messageId: 'm1',
  timestamp: '2026-08-01T00:00:00.123Z',
  receivedAt: '2026-08-01T00:00:01.000Z',
  userId: 'u1',
  event: 'API Call',
  properties: {
    id: 'invoice-42',
    tokens: 5,
    fast: true,
    deleted_at: null,
    tags: ['a', 'b'],
    items: [{ sku: 1 }],
    nested: { a: 1 },
  },
  traits: { email: 'luke.cage@example.com', plan: 'pro' },
  context: { groupId: 42 },
} as unknown as SegmentEvent;

const usageRule = { customer: ['context.x', 'userId'], eventType: 'event', record: { '*': 'properties' } };

function write(rule: object, given: SegmentEvent = event) {
  return compileHyperlineRule(hyperlineRuleSchema.parse({ name: 'r', ...usageRule, ...rule }))(given);
}

function bodyOf(rule: object) {
  const usage = write(rule);
  if (!usage.ok) throw new Error(usage.failure.detail);
  return JSON.parse(usage.value.body);
}

test('is what Hyperline reads: an ISO timestamp, one level, and the messageId as id, last', () => {
  expect(write({})).toEqual({
    ok: true,
    value: {
      key: '["API Call","m1","2026-08-01T00:00:00.123Z"]',
      recordIdentity: '["API Call","m1"]',
      kind: 'API Call',
      customer: 'u1',
      body:
        '{"customer_id":"u1","event_type":"API Call","timestamp":"2026-08-01T00:00:00.123Z"' +
        ',"record":{"tokens":5,"fast":true,"deleted_at":null,"tags":["a","b"],"id":"m1"}}',
    },
  });
});

test('an entity has an id of its own, as a string', () => {
  const rule = {
    eventType: { value: 'users' },
    record: {
      id: 'context.groupId',
      plan: 'traits.plan',
      work_email: { path: 'traits.email', mask: true },
      deleted_at: 'properties.deleted_at',
      seats: 'traits.seats',
    },
  };
  expect(bodyOf(rule)).toMatchObject({
    event_type: 'users',
    record: { plan: 'pro', work_email: 'l***.c***@example.com', deleted_at: null, id: '42' },
  });
  expect(bodyOf(rule).record).not.toHaveProperty('seats');
});

test('a default of null is sent as null', () => {
  expect(bodyOf({ record: { seats: { path: 'traits.seats', default: null } } }).record).toEqual({
    seats: null,
    id: 'm1',
  });
});

test.each([
  [24, true],
  [25, false],
])('%i properties beside the id: %p', (count, ok) => {
  const properties = Object.fromEntries(Array.from({ length: count }, (_, index) => [`p${index}`, index]));
  const usage = write({}, { ...event, properties });
  expect(usage.ok).toBe(ok);
  if (!usage.ok) expect(usage.failure).toMatchObject({ code: 'too_many_properties', path: 'record' });
});

test.each<[string, object, string, string]>([
  ['no customer', { customer: ['context.x', 'context.y'] }, 'missing_value', 'context.x | context.y'],
  ['a blank customer', { customer: { value: ' ' } }, 'missing_value', 'customer'],
  ['no event type', { eventType: 'name' }, 'missing_value', 'name'],
  ['no id', { record: { id: 'traits.id' } }, 'missing_value', 'traits.id'],
  ['an id that is a list', { record: { id: 'properties.tags' } }, 'wrong_type', 'record.id'],
  ['a list of objects by name', { record: { a: 'properties.items' } }, 'wrong_type', 'properties.items'],
  ['an object by name', { record: { a: 'properties.nested' } }, 'wrong_type', 'properties.nested'],
  [
    'a typed value that is missing',
    { record: { a: { path: 'properties.a', as: 'number' } } },
    'missing_value',
    'properties.a',
  ],
])('%s cannot be sent', (_, rule, code, path) => {
  expect(write(rule)).toMatchObject({ ok: false, failure: { code, path } });
});
