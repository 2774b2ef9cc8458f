import { expect, test } from '@jest/globals';
import { parseConfig } from './load-config.js';
import { formatPath } from './problem.js';

/** Two destinations at Lago. */
const configOf = ({
  first = 'limit: {}',
  second = 'limit: {}',
  url = 'https://api.getlago.com/',
  key = '"${KEY}"',
  suffix = ', transactionIdSuffix: ":seats"',
}) => `
sources: [{ name: backend, writeKey: wk }]
destinations:
  - { name: lago, type: lago, apiKey: key, ${first}, rules: [{ name: tokens, code: tokens, subscription: userId }] }
  - name: more
    type: lago
    url: ${url}
    apiKey: ${key}
    ${second}
    rules:
      - { name: seats, code: seats, subscription: userId${suffix} }
`;

function load(given: Parameters<typeof configOf>[0], options = {}) {
  const loaded = parseConfig(configOf(given), { KEY: 'key', OTHER: 'other' }, options);
  return loaded.ok
    ? { accounts: Object.fromEntries(loaded.config.billingAccounts) }
    : {
        problems: loaded.problems.map(({ path, line, message }) => `${line} ${formatPath(path)}: ${message}`),
      };
}

test('two destinations with one URL and key are one account, by the name of the first', () => {
  expect(load({})).toEqual({ accounts: { lago: 'lago', more: 'lago' } });
  expect(load({ key: '"${OTHER}"' })).toEqual({ accounts: { lago: 'lago', more: 'more' } });
  expect(load({ url: 'https://api.eu.getlago.com' })).toEqual({ accounts: { lago: 'lago', more: 'more' } });
});

test('rules of one account that would share ids are refused, with what to write', () => {
  expect(load({ suffix: '' })).toEqual({
    problems: [
      expect.stringMatching(
        /^11 destinations\[1\]\.rules\[0\]: rule seats of more may take the same event as rule tokens of lago, .* Write transactionIdSuffix: ":seats" here, .*meterbridge check/,
      ),
    ],
  });
  expect(load({ suffix: '', key: '"${OTHER}"' })).toHaveProperty('accounts');
  expect(load({ suffix: '', url: 'https://api.eu.getlago.com' })).toHaveProperty('accounts');
  expect(load({ suffix: '' }, { allowSharedIds: true })).toHaveProperty('accounts');
});

test('within one destination too', () => {
  const text = `
sources: [{ name: backend, writeKey: wk }]
destinations:
  - name: hyperline
    type: hyperline
    apiKey: key
    rules:
      - { name: a, customer: userId, eventType: event, record: {} }
      - { name: b, when: type = "track", customer: context.groupId, eventType: event, record: {} }
`;
  const loaded = parseConfig(text, {});
  expect(loaded.ok ? [] : loaded.problems).toEqual([
    {
      path: ['destinations', 0, 'rules', 1],
      line: 9,
      message: expect.stringMatching(
        /^rule b of hyperline may take the same event as rule a under one event_type and record.id: .*Write an eventType or a record.id of its own here/,
      ),
    },
  ]);
});

test.each([
  ['requestsPerSecond', '100'],
  ['readsPerSecond', '7'],
  ['concurrency', '3'],
])(
  'an account has one %s: where two destinations differ, both are named and no number is shown',
  (key, value) => {
    const limit = `limit: { ${key}: ${value} }`;
    expect(load({ first: limit, second: limit })).toHaveProperty('accounts');
    const message =
      'more and lago have one URL and key, and so one limit: say the same in both, for the two together';
    expect(load({ second: limit })).toEqual({ problems: [`9 destinations[1].limit.${key}: ${message}`] });
    expect(load({ first: limit }).problems).toHaveLength(1);
    expect(load({ second: limit, key: '"${OTHER}"' })).toHaveProperty('accounts');
  },
);

test('what is a request’s may differ within an account', () => {
  expect(load({ second: 'limit: { batchSize: 7, maxBytes: 20000 }\n    timeoutMs: 3000' })).toHaveProperty(
    'accounts',
  );
});

test('reads have a budget of their own by default, and none where events have none', () => {
  const reads = (type: string, limit: string) => {
    const rule =
      type === 'lago'
        ? '{ name: a, subscription: userId }'
        : '{ name: a, customer: userId, eventType: event, record: {} }';
    const loaded = parseConfig(
      `
sources: [{ name: backend, writeKey: wk }]
destinations: [{ name: a, type: ${type}, apiKey: k, limit: ${limit}, rules: [${rule}] }]
`,
      {},
    );
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
    return loaded.config.destinations[0]!.limit.readsPerSecond;
  };
  expect(reads('lago', '{}')).toBe(40);
  expect(reads('lago', '{ requestsPerSecond: 5 }')).toBe(40);
  expect(reads('lago', '{ readsPerSecond: 0.5 }')).toBe(0.5);
  expect(reads('lago', '{ requestsPerSecond: unlimited }')).toBe('unlimited');
  expect(reads('hyperline', '{}')).toBe(5);
  expect(reads('hyperline', '{ requestsPerSecond: 100 }')).toBe(10);
  expect(reads('hyperline', '{ requestsPerSecond: unlimited }')).toBe('unlimited');
  expect(reads('hyperline', '{ readsPerSecond: unlimited }')).toBe('unlimited');
});
