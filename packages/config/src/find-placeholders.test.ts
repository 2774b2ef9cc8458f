import { expect, test } from '@jest/globals';
import { findPlaceholders } from './find-placeholders.js';
import { formatPath } from './problem.js';

const lago = (apiKey: string) => ({
  name: 'lago',
  type: 'lago',
  apiKey,
  rules: [{ name: 'a', code: 'change-me' }],
});
const REAL = 'f0a1-real';

function placesOf(source: object, ...keys: string[]): string[] {
  const data = { sources: [{ name: 'backend', ...source }], destinations: keys.map(lago) };
  return findPlaceholders(data).map(({ path }) => formatPath(path));
}

test.each([
  ['change-me'],
  ['changeme'],
  ['CHANGE_ME'],
  ['replace-me'],
  ['demo-write-key'],
  ['demo-write-key-2'],
  ['your-write-key'],
  ['<write key>'],
  ['TODO'],
  ['xxx'],
])('%s beside a real key opens billing to anyone', (key) => {
  expect(placesOf({ writeKey: key }, REAL)).toEqual(['sources[0].writeKey']);
  expect(placesOf({ writeKey: key }, 'change-me', REAL)).toEqual([
    'sources[0].writeKey',
    'destinations[0].apiKey',
  ]);
});

test('every kind of secret is looked at', () => {
  const source = {
    writeKeys: ['ok', 'change-me'],
    webhookSecret: 'change-me',
    functionSecrets: ['change-me'],
    webhook: { header: { name: 'change-me', values: ['change-me'] } },
    integrations: ['change-me'],
  };
  expect(placesOf(source, REAL)).toEqual([
    'sources[0].writeKeys[1]',
    'sources[0].webhookSecret',
    'sources[0].functionSecrets[0]',
    'sources[0].webhook.header.values[0]',
  ]);
});

test.each([
  ['no key is real', 'change-me', ['change-me', 'sandbox']],
  ['the key is one of a sandbox', 'demo-write-key', ['sandbox']],
  ['the write key is a real one', 'wk', [REAL]],
  ['it only holds such a word', 'change-me-9f8e7d', [REAL]],
])('nothing is said where %s', (_, key, keys) => {
  expect(placesOf({ writeKey: key }, ...keys)).toEqual([]);
});

test.each([[null], ['text'], [[]], [{ sources: 'x', destinations: 5 }]])('%j holds none', (data) => {
  expect(findPlaceholders(data)).toEqual([]);
});
