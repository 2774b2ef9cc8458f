import { expect, test } from '@jest/globals';
import type { UsageEvent } from '@meterbridge/delivery';
import { compileDestination, destinationSettingsSchema } from './kinds.js';

const lago = { type: 'lago', name: 'lago', apiKey: 'k', rules: [{ name: 'r', subscription: 'userId' }] };
const hyperline = {
  type: 'hyperline',
  name: 'hyperline',
  apiKey: 'k',
  rules: [{ name: 'r', customer: 'userId', eventType: 'event', record: { '*': 'properties' } }],
};

const usages = (count: number): UsageEvent[] =>
  Array.from({ length: count }, (_, index) => ({
    key: `${index}`,
    recordIdentity: `${index}`,
    body: `{"n":${index}}`,
  }));

const compile = (settings: object) => compileDestination(destinationSettingsSchema.parse(settings));

test('Lago has cautious limits and takes its batch path for one event as well', () => {
  const destination = compile(lago);
  expect(destination).toMatchObject({
    name: 'lago',
    type: 'lago',
    batchSize: 100,
    maxBytes: 1_000_000,
    limit: { requestsPerSecond: 400, concurrency: 8 },
    connection: { baseUrl: 'https://api.getlago.com', timeoutMs: 15_000 },
  });
  expect(destination.request(usages(1))).toEqual({
    path: '/api/v1/events/batch',
    body: '{"events":[{"n":0}]}',
  });
  expect(destination.request(usages(2)).body).toBe('{"events":[{"n":0},{"n":1}]}');
});

test('Hyperline takes one event at the endpoint that says why it refuses', () => {
  const destination = compile(hyperline);
  expect(destination.request(usages(1))).toEqual({ path: '/v1/events', body: '{"n":0}' });
  expect(destination.request(usages(2))).toEqual({ path: '/v1/events/batch', body: '[{"n":0},{"n":1}]' });
});

test('a URL may end in slashes and have a path before the API’s', () => {
  const destination = compile({ ...lago, url: 'http://127.0.0.1:4003/lago//' });
  expect(destination.connection.baseUrl).toBe('http://127.0.0.1:4003/lago');
});

test.each<[string, object, (string | number)[]]>([
  ['an unknown type', { ...lago, type: 'abacus' }, ['type']],
  ['no key', { ...lago, apiKey: '' }, ['apiKey']],
  ['a key with a line break', { ...lago, apiKey: 'k\n' }, ['apiKey']],
  ['a URL that is none', { ...lago, url: 'api.getlago.com' }, ['url']],
  ['a URL of another kind', { ...lago, url: 'ftp://api.getlago.com' }, ['url']],
  ['a URL with the path that is added', { ...lago, url: 'https://api.getlago.com/api/v1/' }, ['url']],
  ['a URL with a user', { ...lago, url: 'https://me:secret@api.getlago.com' }, ['url']],
  ['a name that Redis keys could not hold', { ...lago, name: 'la:go' }, ['name']],
  ['no rules', { ...lago, rules: [] }, ['rules']],
  ['two rules of one name', { ...lago, rules: [...lago.rules, ...lago.rules] }, ['rules', 1, 'name']],
  [
    'a larger batch than Hyperline takes',
    { ...hyperline, limit: { batchSize: 5001 } },
    ['limit', 'batchSize'],
  ],
  ['no budget', { ...lago, limit: { requestsPerSecond: 0 } }, ['limit', 'requestsPerSecond']],
  [
    'a suffix that no URL could hold',
    { ...lago, rules: [{ ...lago.rules[0], transactionIdSuffix: '/x' }] },
    ['rules', 0, 'transactionIdSuffix'],
  ],
])('%s is refused', (_, settings, path) => {
  const parsed = destinationSettingsSchema.safeParse(settings);
  expect(parsed.error?.issues.map((issue) => issue.path)).toContainEqual(path);
});

test('an unknown key is refused', () => {
  expect(destinationSettingsSchema.safeParse({ ...lago, apikey: 'k' }).error?.issues[0]).toMatchObject({
    code: 'unrecognized_keys',
    keys: ['apikey'],
  });
});

test('an event under a rule that is gone is no crash', () => {
  const event = { type: 'track' } as Parameters<ReturnType<typeof compile>['map']>[1];
  expect(compile(lago).map('gone', event)).toMatchObject({ ok: false, code: 'unknown_rule' });
});
