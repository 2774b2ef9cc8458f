// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is how templates are written
import { describe, expect, test } from '@jest/globals';
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
    uniqueIds: true,
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
  ['no id', { record: { id: 'traits.id' }, uniqueIds: true }, 'missing_value', 'traits.id'],
  ['an id that is a list', { record: { id: 'properties.tags' }, uniqueIds: true }, 'wrong_type', 'record.id'],
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

const ACCOUNT = ['context.groupId', 'userId'];
const OF_ACCOUNT = { template: '${context.groupId | userId}:${userId}' };

describe('the id of an entity', () => {
  const users = { customer: ACCOUNT, eventType: { value: 'users' }, record: { id: OF_ACCOUNT } };
  const login = (groupId?: string, userId = 'u1') =>
    ({
      ...event,
      type: 'identify',
      userId,
      context: groupId === undefined ? {} : { groupId },
    }) as SegmentEvent;
  const usageOf = (given: SegmentEvent, rule: object = users) => {
    const usage = write(rule, given);
    if (!usage.ok) throw new Error(usage.failure.detail);
    return usage.value;
  };

  test('holds the customer: one user before and in an account, and in two of them, is three records', () => {
    const usages = [login(), login('acct_1'), login('acct_2')].map((each) => usageOf(each));
    expect(usages.map(({ body }) => JSON.parse(body))).toMatchObject([
      { customer_id: 'u1', record: { id: 'u1:u1' } },
      { customer_id: 'acct_1', record: { id: 'acct_1:u1' } },
      { customer_id: 'acct_2', record: { id: 'acct_2:u1' } },
    ]);
    expect(new Set(usages.map(({ recordIdentity }) => recordIdentity)).size).toBe(3);
  });

  test('is compared by nobody’s memory: only the messageId, which its sender chooses, has its customer beside it', () => {
    expect(usageOf(login('acct_1')).customer).toBeUndefined();
    expect(
      usageOf(login('acct_1'), { ...users, record: { id: 'userId' }, uniqueIds: true }).customer,
    ).toBeUndefined();
    expect(usageOf(login('acct_1'), { ...users, record: {} }).customer).toBe('acct_1');
  });

  test.each<[string, string, string]>([
    ['a:b', 'c', 'context.groupId | userId holds ":"'],
    [' acct_1', 'u1', 'context.groupId | userId begins or ends with white space'],
    ['acct_1', 'u1 ', 'userId begins or ends with white space'],
  ])(
    '%j and %j would be taken for another pair, which is a failure that says so',
    (groupId, userId, detail) => {
      const customer = { value: 'all' };
      expect(write({ ...users, customer }, login(groupId, userId))).toMatchObject({
        ok: false,
        failure: { code: 'unsupported_value', detail: expect.stringContaining(detail) },
      });
    },
  );

  test('a colon in the last part can mean nothing else', () => {
    expect(JSON.parse(usageOf(login('acct_1', 'auth0:7')).body).record.id).toBe('acct_1:auth0:7');
  });

  test.each<[string, object]>([
    ['the messageId', { record: {} }],
    ['the messageId by name', { record: { id: { path: 'messageId', as: 'string' } } }],
    ['a template with the messageId', { record: { id: { template: 'seat-${messageId}' } } }],
    ['the customer itself', { customer: 'userId', record: { id: 'userId' } }],
    ['the customer, hashed', { customer: 'userId', record: { id: { path: 'userId', hash: 'sha256' } } }],
    ['one customer for all', { customer: { value: 'us' }, record: { id: 'userId' } }],
    [
      'every part of the customer',
      {
        customer: { template: '${traits.a}/${traits.b}' },
        record: { id: { template: '${traits.b}:${traits.a}:${traits.c}' } },
      },
    ],
    ['an id that is said to be unique', { record: { id: 'properties.id' }, uniqueIds: true }],
  ])('%s is safe', (_name, rule) => {
    expect(hyperlineRuleSchema.safeParse({ name: 'r', ...users, ...rule }).success).toBe(true);
  });

  test.each<[string, object]>([
    ['the user alone', { record: { id: 'userId' } }],
    ['what stands in one case for the customer', { record: { id: ['userId', 'context.groupId'] } }],
    [
      'a part of the customer',
      {
        customer: { template: '${traits.a}/${traits.b}' },
        record: { id: { template: '${traits.b}:${traits.c}' } },
      },
    ],
    ['one id for all', { record: { id: { value: 'one' } } }],
    ['the customer, masked', { record: { id: { ...OF_ACCOUNT, mask: true } } }],
    ['the customer, with something to stand in', { record: { id: { ...OF_ACCOUNT, default: 'none' } } }],
    [
      'parts that run into each other',
      { record: { id: { template: '${context.groupId | userId}${userId}' } } },
    ],
  ])('%s is refused at load', (_name, rule) => {
    const parsed = hyperlineRuleSchema.safeParse({ name: 'r', ...users, ...rule });
    expect(parsed.error?.issues).toMatchObject([{ path: ['record', 'id'] }]);
  });

  test('a template that cannot be read is reported as that alone', () => {
    const record = { id: { template: '${userId' } };
    for (const rule of [{ record }, { customer: { template: 'all' }, record: { id: 'userId' } }]) {
      const parsed = hyperlineRuleSchema.safeParse({ name: 'r', ...users, ...rule });
      expect(parsed.error?.issues).toHaveLength(1);
      expect(parsed.error?.message).not.toContain('leaves the customer out');
    }
  });

  test('what to write instead is said', () => {
    const parsed = hyperlineRuleSchema.safeParse({ name: 'r', ...users, record: { id: 'userId' } });
    expect(parsed.error?.message).toContain(OF_ACCOUNT.template);
  });
});

test.each<[string, object]>([
  ['customer', { customer: 'userId' }],
  ['eventType', { customer: { value: 'us' }, eventType: 'userId' }],
  ['customer', { customer: { path: 'userId', hash: 'sha256' } }],
  ['customer', { customer: { value: ' us' } }],
])('a padded %s is a failure that says so, and never sent', (_field, rule) => {
  const padded = { ...event, userId: ' u40 ' } as SegmentEvent;
  expect(write(rule, padded)).toMatchObject({
    ok: false,
    failure: { code: 'unsupported_value', detail: expect.stringMatching(/begins or ends with white space/) },
  });
  expect(JSON.stringify(write(rule, padded))).not.toContain('u40');
});

test('a messageId is its sender’s own, whatever it looks like', () => {
  expect(write({}, { ...event, messageId: ' m1 ' } as SegmentEvent)).toMatchObject({ ok: true });
});
