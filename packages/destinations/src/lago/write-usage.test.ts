// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is how templates are written
import { describe, expect, test } from '@jest/globals';
import type { UsageEvent } from '@meterbridge/delivery';
import type { SegmentEvent } from '@meterbridge/segment-events';
import { mapped } from '@meterbridge/usage-mapping';
import type { PendingUsage } from '../destination.js';
import { lagoRuleSchema } from './settings.js';
import { compileLagoRule } from './write-usage.js';

const event = {
  type: 'track',
  messageId: 'm"1',
  timestamp: '2026-08-01T00:00:00.123Z',
  receivedAt: '2026-08-01T00:00:01.000Z',
  userId: 'u1',
  event: 'API Call',
  properties: {
    tokens: '12.50',
    big: '12345678901234567890',
    tiny: 1e-7,
    fast: true,
    plan: null,
    model: 'large',
    blank: ' ',
    tags: ['a'],
    nested: { a: 1 },
    price: '10.123456789012345678',
  },
  context: { groupId: 42 },
} as unknown as SegmentEvent;

function write(rule: object, given: SegmentEvent = event) {
  return compileLagoRule(lagoRuleSchema.parse({ name: 'r', subscription: 'userId', ...rule }))(given);
}

function bodyOf(rule: object, given: SegmentEvent = event) {
  const usage = write(rule, given);
  if (!usage.ok) throw new Error(usage.failure.detail);
  return JSON.parse((usage.value as UsageEvent).body);
}

test('is what Lago reads: snake_case, seconds with three decimals as a string, and a subscription', () => {
  const rule = {
    code: 'api_call',
    properties: { tokens: { path: 'properties.tokens', as: 'number' }, model: 'properties.model' },
    preciseTotalAmountCents: 'properties.price',
  };
  expect(write(rule)).toEqual({
    ok: true,
    value: {
      key: 'm"1 1785542400.123',
      recordIdentity: 'm"1',
      body:
        '{"transaction_id":"m\\"1","external_subscription_id":"u1","code":"api_call"' +
        ',"timestamp":"1785542400.123","precise_total_amount_cents":"10.123456789012345678"' +
        ',"properties":{"tokens":12.5,"model":"large"}}',
    },
  });
});

test.each([
  ['2026-08-01T00:00:00.000Z', '1785542400.000'],
  ['2026-08-01T00:00:00.001Z', '1785542400.001'],
  ['2026-08-01T00:00:00.999Z', '1785542400.999'],
  ['1969-12-31T23:59:59.500Z', '-0.500'],
  ['2099-12-31T23:59:59.900Z', '4102444799.900'],
])('%s is %s', (timestamp, seconds) => {
  expect(bodyOf({}, { ...event, timestamp }).timestamp).toBe(seconds);
});

test('the same event is the same bytes', () => {
  expect(write({ properties: { '*': 'properties' } })).toEqual(write({ properties: { '*': 'properties' } }));
});

test('the code is the event’s name where the rule has none, and may be read from the event', () => {
  expect(bodyOf({}).code).toBe('API Call');
  expect(bodyOf({ code: { path: 'properties.model' } }).code).toBe('large');
});

test('"*" sends flat properties: no nulls, no lists, booleans and exponents as text', () => {
  expect(bodyOf({ properties: { '*': 'properties' } }).properties).toEqual({
    tokens: '12.50',
    big: '12345678901234567890',
    tiny: '0.0000001',
    fast: 'true',
    model: 'large',
    blank: ' ',
    price: '10.123456789012345678',
  });
});

test('a suffix gives a second rule ids of its own', () => {
  const usage = write({ transactionIdSuffix: ':tokens' });
  expect(usage.ok && usage.value).toMatchObject({
    key: 'm"1:tokens 1785542400.123',
    recordIdentity: 'm"1:tokens',
  });
});

test('a number may name a subscription', () => {
  expect(bodyOf({ subscription: ['properties.plan', 'context.groupId'] }).external_subscription_id).toBe(
    '42',
  );
});

test('a default of null leaves a property and the amount out', () => {
  const body = bodyOf({
    properties: { units: { path: 'properties.units', default: null } },
    preciseTotalAmountCents: { path: 'properties.cents', default: null },
  });
  expect(body.properties).toEqual({});
  expect(body).not.toHaveProperty('precise_total_amount_cents');
});

test.each<[string, object, string, string]>([
  [
    'no subscription',
    { subscription: ['context.x', 'properties.plan'] },
    'missing_value',
    'context.x | properties.plan',
  ],
  ['a blank subscription', { subscription: 'properties.blank' }, 'missing_value', 'subscription'],
  ['a subscription that is true', { subscription: 'properties.fast' }, 'wrong_type', 'subscription'],
  [
    'a subscription of null by default',
    { subscription: { path: 'properties.x', default: null } },
    'wrong_type',
    'subscription',
  ],
  ['no code', { code: { path: 'properties.code' } }, 'missing_value', 'properties.code'],
  [
    'a named property that is missing',
    { properties: { a: 'properties.a' } },
    'missing_value',
    'properties.a',
  ],
  [
    'a named property that is null',
    { properties: { a: 'properties.plan' } },
    'missing_value',
    'properties.plan',
  ],
  ['a named list', { properties: { a: 'properties.tags' } }, 'wrong_type', 'a'],
  ['a named object', { properties: { a: 'properties.nested' } }, 'wrong_type', 'properties.nested'],
  [
    'a word where a number was asked for',
    { properties: { a: { path: 'properties.model', as: 'number' } } },
    'wrong_type',
    'properties.model',
  ],
  ['no amount', { preciseTotalAmountCents: 'properties.cents' }, 'missing_value', 'properties.cents'],
  [
    'an amount that is no number',
    { preciseTotalAmountCents: 'properties.model' },
    'wrong_type',
    'preciseTotalAmountCents',
  ],
])('%s cannot be sent', (_, rule, code, path) => {
  expect(write(rule)).toMatchObject({ ok: false, failure: { code, path } });
});

test.each<[string, object]>([
  ['subscription', { subscription: 'userId' }],
  ['subscription by template', { subscription: { template: '${context.groupId}-${userId}' } }],
  ['code', { subscription: { value: 's' }, code: { path: 'userId' } }],
  ['code of the rule', { subscription: { value: 's' }, code: ' api_call' }],
  ['customer', { subscription: { lookup: 'customer', customer: 'userId' } }],
])('a padded %s is a failure that says so, and never sent', (_field, rule) => {
  const padded = { ...event, userId: ' u40 ' } as SegmentEvent;
  const result = write(rule, padded);
  expect(result).toMatchObject({ ok: false, failure: { code: 'unsupported_value' } });
  expect(!result.ok && result.failure.detail).toMatch(/begins or ends with white space/);
  expect(JSON.stringify(result)).not.toContain('u40');
});

test('values of several parts name a subscription, a code and properties', () => {
  const body = bodyOf({
    subscription: { template: '${context.groupId}/${userId}' },
    code: { template: 'tokens_${properties.model}' },
    properties: { who: { template: '${userId}@${properties.nothing | context.groupId}' } },
  });
  expect(body).toMatchObject({
    external_subscription_id: '42/u1',
    code: 'tokens_large',
    properties: { who: 'u1@42' },
  });
});

test('numbers are scaled exactly, in properties and in the amount', () => {
  const scaled = (value: unknown, times: string) =>
    bodyOf(
      {
        properties: { gb: { path: 'properties.n', as: 'number', times } },
        preciseTotalAmountCents: { path: 'properties.n', as: 'number', times },
      },
      { ...event, properties: { n: value } } as SegmentEvent,
    );
  expect(scaled(1_234_567_891, '0.000000001')).toMatchObject({
    properties: { gb: 1.234567891 },
    precise_total_amount_cents: '1.234567891',
  });
  // As doubles: 0.30000000000000004, and 1.1 * 1.1 = 1.2100000000000002.
  expect(scaled(0.1, '3').properties).toEqual({ gb: 0.3 });
  expect(scaled('1.1', '1.1').precise_total_amount_cents).toBe('1.21');
  expect(scaled('12345678901234567891', '0.000000001').properties).toEqual({ gb: '12345678901.234567891' });
});

test.each([
  ['9'.repeat(25), true],
  [`${'9'.repeat(25)}.9`, true],
  [`000${'9'.repeat(25)}.${'9'.repeat(15)}4`, true],
  [`${'9'.repeat(25)}.${'9'.repeat(15)}5`, false],
  [`${'9'.repeat(24)}8.${'9'.repeat(16)}`, true],
  [`-${'9'.repeat(25)}`, true],
  [`-1${'0'.repeat(25)}`, false],
  [`1${'0'.repeat(30)}`, false],
  ['12345678901234567890123456789012', false],
  ['12345678901234567.123456789012345', true],
  ['0.12345678901234567890', true],
  ['0', true],
])('an amount of %s fits Lago’s column: %s', (price, fits) => {
  const given = { ...event, properties: { price } } as SegmentEvent;
  const result = write({ preciseTotalAmountCents: 'properties.price' }, given);
  expect(result.ok).toBe(fits);
  if (result.ok) return;
  expect(result.failure).toMatchObject({ code: 'unsupported_value', path: 'preciseTotalAmountCents' });
  expect(result.failure.detail).toContain('25 digits before the point');
});

test('an event without a name has no code', () => {
  const { event: _, ...identify } = event;
  expect(write({}, { ...identify, type: 'identify' } as SegmentEvent)).toMatchObject({
    ok: false,
    failure: { code: 'missing_value', path: 'event' },
  });
});

describe('a subscription that is looked up', () => {
  const lookup = { lookup: 'customer', customer: ['properties.account', 'userId'] };
  const rule = { code: 'calls', properties: { tokens: { path: 'properties.tokens', as: 'number' } } };

  function pendingOf(subscription: object, given: SegmentEvent = event): PendingUsage {
    const usage = write({ ...rule, subscription }, given);
    if (!usage.ok) throw new Error(usage.failure.detail);
    return usage.value as PendingUsage;
  }

  test('is asked for by customer and the time of the event, and then it is the same usage event', () => {
    const pending = pendingOf(lookup);
    expect(pending).toMatchObject({ customer: 'u1', at: Date.parse(event.timestamp) });
    expect(mapped(pending.complete('sub-7'))).toEqual(write({ ...rule, subscription: { value: 'sub-7' } }));
  });

  test('has a key of its own event, whatever is found', () => {
    const pending = pendingOf(lookup);
    const [one, other] = [pending.complete('sub-1'), pending.complete('sub-2')];
    expect([one.key, one.recordIdentity]).toEqual([other.key, other.recordIdentity]);
    expect(one.body).not.toBe(other.body);
    expect(pending.complete('sub-1')).toEqual(one);
  });

  test('the customer is the group or the user, where nothing else is said', () => {
    expect(pendingOf({ lookup: 'customer' }).customer).toBe('42');
    expect(pendingOf({ lookup: 'customer' }, { ...event, context: {} } as SegmentEvent).customer).toBe('u1');
  });

  test.each<[string, object]>([
    ['missing_value', { userId: undefined }],
    ['missing_value', { userId: ' ' }],
    ['unsupported_value', { userId: 'u'.repeat(501) }],
    ['unsupported_value', { userId: 'half\ud800' }],
  ])('is a failure, %s, for %j', (code, over) => {
    const given = { ...event, ...over } as SegmentEvent;
    const subscription = { lookup: 'customer', customer: 'userId' };
    expect(write({ ...rule, subscription }, given)).toMatchObject({ ok: false, failure: { code } });
  });
});
