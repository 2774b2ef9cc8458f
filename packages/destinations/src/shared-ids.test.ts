// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is how templates are written
import { expect, test } from '@jest/globals';
import { destinationSettingsSchema } from './kinds.js';
import { describeSharedIds, findSharedIds } from './shared-ids.js';

type Given = Record<string, unknown>;

const lagoRule = (rule: Given) => ({ subscription: 'userId', ...rule });
const lago = (name: string, rules: Given[], given: Given = {}) =>
  destinationSettingsSchema.parse({ type: 'lago', name, apiKey: 'k', rules: rules.map(lagoRule), ...given });
const hyperline = (name: string, rules: Given[]) =>
  destinationSettingsSchema.parse({
    type: 'hyperline',
    name,
    apiKey: 'k',
    rules: rules.map((rule) => ({ customer: 'userId', eventType: 'event', record: {}, ...rule })),
  });

const pairsOf = (destinations: Parameters<typeof findSharedIds>[0]) =>
  findSharedIds(destinations).map(
    ({ earlier, later }) =>
      `${earlier.destination}/${earlier.rule} ${later.destination}/${later.rule}` as const,
  );

test.each<[string, Given, Given, boolean]>([
  ['all events', {}, {}, true],
  ['another code, the same events', { code: 'tokens' }, { code: 'seats' }, true],
  ['another subscription, the same events', {}, { subscription: 'properties.account' }, true],
  ['a suffix for one', {}, { transactionIdSuffix: ':b' }, false],
  ['the same suffix', { transactionIdSuffix: ':b' }, { transactionIdSuffix: ':b' }, true],
  ['other events', { when: 'event = "A"' }, { when: 'event = "B"' }, false],
  ['other sources', { sources: ['web'] }, { sources: ['backend'] }, false],
])('Lago, %s', (_, a, b, isShared) => {
  const rules = [
    { name: 'a', ...a },
    { name: 'b', ...b },
  ];
  expect(pairsOf([lago('lago', rules)])).toEqual(isShared ? ['lago/a lago/b'] : []);
  const apart = [lago('one', [rules[0]!]), lago('two', [rules[1]!])];
  expect(pairsOf(apart)).toEqual(isShared ? ['one/a two/b'] : []);
  expect(pairsOf([apart[0]!, lago('two', [rules[1]!], { apiKey: 'other' })])).toEqual([]);
});

test.each<[string, Given, Given, boolean]>([
  ['the same type and the messageId', {}, {}, true],
  ['two fixed types', { eventType: { value: 'a' } }, { eventType: { value: 'b' } }, false],
  ['one fixed type', { eventType: { value: 'a' } }, { eventType: { value: 'a' } }, true],
  ['a fixed type that an event may have', {}, { eventType: { value: 'seats' } }, true],
  [
    'a fixed type that its events never have',
    {},
    { when: 'event = "Seat Added"', eventType: { value: 'seats' } },
    false,
  ],
  [
    'a fixed type that the other excludes',
    { when: 'event != "seats"' },
    { eventType: { value: 'seats' } },
    false,
  ],
  [
    'a fixed type that stands in where there is none',
    { eventType: { path: 'event', default: 'seats' } },
    { when: 'event = "Seat Added"', eventType: { value: 'seats' } },
    true,
  ],
  [
    'a fixed type that is a number',
    { eventType: 'properties.n' },
    { when: 'properties.n = 5', eventType: { value: '5' } },
    true,
  ],
  ['an id of its own', {}, { record: { id: 'userId' } }, false],
  ['the messageId by name', {}, { record: { id: { path: 'messageId', as: 'string' } } }, true],
  [
    'one of several paths',
    { record: { id: ['context.groupId', 'userId'] }, uniqueIds: true },
    { record: { id: 'userId' } },
    true,
  ],
  [
    'one path, once hashed',
    { record: { id: 'userId' } },
    { record: { id: { path: 'userId', hash: 'sha256' } } },
    false,
  ],
  [
    'one template, spelled in two ways',
    { record: { id: { template: '${context.groupId|userId}:${userId}' } } },
    { record: { id: { template: '${context.groupId | userId}\\:${userId}' } } },
    true,
  ],
  [
    'a template and a path of it',
    { record: { id: { template: '${userId}:${context.groupId}' } } },
    { record: { id: 'userId' } },
    false,
  ],
  ['two customers', {}, { customer: 'context.groupId' }, true],
  [
    'two fixed customers and one entity, of other events',
    { when: 'event = "A"', customer: { value: 'acme' }, record: { id: 'userId' } },
    { when: 'event = "B"', customer: { value: 'ajax' }, record: { id: 'userId' } },
    true,
  ],
  [
    'a fixed customer beside one that is the entity',
    { when: 'event = "A"', customer: { value: 'acme' }, record: { id: 'userId' } },
    { when: 'event = "B"', record: { id: 'userId' } },
    true,
  ],
  [
    'one template that holds either customer',
    { when: 'event = "A"', record: { id: { template: '${context.groupId}:${userId}' } } },
    {
      when: 'event = "B"',
      customer: 'context.groupId',
      record: { id: { template: '${context.groupId}:${userId}' } },
    },
    true,
  ],
  [
    'one entity of one fixed customer',
    { when: 'event = "A"', customer: { value: 'acme' }, record: { id: 'userId' } },
    { when: 'event = "B"', customer: { value: 'acme' }, record: { id: 'userId' } },
    false,
  ],
  [
    'one entity of one customer',
    { when: 'event = "A"', record: { id: 'userId' } },
    { when: 'event = "B"', record: { id: 'userId' } },
    false,
  ],
  [
    'two fixed customers in the ids',
    { customer: { value: 'acme' }, record: { id: { template: 'acme:${userId}' } } },
    { customer: { value: 'ajax' }, record: { id: { template: 'ajax:${userId}' } } },
    false,
  ],
  [
    'two fixed customers, of two types',
    { customer: { value: 'acme' }, record: { id: 'userId' }, eventType: { value: 'a' } },
    { customer: { value: 'ajax' }, record: { id: 'userId' }, eventType: { value: 'b' } },
    false,
  ],
  [
    'two fixed customers whose ids are said to be unique',
    { when: 'event = "A"', customer: { value: 'acme' }, record: { id: 'userId' }, uniqueIds: true },
    { when: 'event = "B"', customer: { value: 'ajax' }, record: { id: 'userId' }, uniqueIds: true },
    false,
  ],
])('Hyperline, %s', (_, a, b, isShared) => {
  const [one, other] = [
    { name: 'a', ...a },
    { name: 'b', ...b },
  ];
  expect(pairsOf([hyperline('hyperline', [one, other])])).toEqual(
    isShared ? ['hyperline/a hyperline/b'] : [],
  );
  expect(pairsOf([hyperline('one', [other]), hyperline('two', [one])])).toEqual(
    isShared ? ['one/b two/a'] : [],
  );
});

test('says which rule is to be changed, and how', () => {
  const [pair] = findSharedIds([
    lago('lago', [{ name: 'tokens', code: 'tokens' }]),
    lago('more', [{ name: 'seats', code: 'seats' }]),
  ]);
  expect(pair).toEqual({
    type: 'lago',
    earlier: { destination: 'lago', rule: 'tokens', at: { destination: 0, rule: 0 } },
    later: { destination: 'more', rule: 'seats', at: { destination: 1, rule: 0 } },
    ofCustomers: false,
  });
  expect(describeSharedIds(pair!, pair!.later)).toBe(
    'may take the same event as rule tokens of lago, on one URL and key, under one transaction_id: the API would keep only one of the two. Write transactionIdSuffix: ":seats" here, or filters that exclude each other',
  );
  expect(describeSharedIds(pair!, pair!.earlier)).toContain('Write transactionIdSuffix: ":tokens" here');
});

test('what is to be written is always a suffix that may be written', () => {
  const [pair] = findSharedIds([lago('lago', [{ name: 'a' }, { name: 'b'.repeat(64) }])]);
  const [, suffix] = /transactionIdSuffix: "(.*?)"/.exec(describeSharedIds(pair!, pair!.later))!;
  expect(pairsOf([lago('lago', [{ name: 'a' }, { name: 'b', transactionIdSuffix: suffix }])])).toEqual([]);
});

test("says that one customer would have the other's usage", () => {
  const rules = ['acme', 'ajax'].map((name) => ({
    name,
    when: `event = "${name}"`,
    customer: { value: name },
    record: { id: 'userId' },
  }));
  const [pair] = findSharedIds([hyperline('hyperline', rules)]);
  expect(describeSharedIds(pair!, pair!.later)).toBe(
    "may give a record of another customer the event_type and record.id that one of rule acme has: the API would take one customer's usage for another's. Write an eventType or a record.id of its own here",
  );
});
