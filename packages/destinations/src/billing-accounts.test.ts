import { expect, test } from '@jest/globals';
import { billingAccounts } from './billing-accounts.js';

const lago = { name: 'lago', type: 'lago', url: 'https://api.getlago.com', apiKey: 'k' } as const;

test.each<[string, Partial<Omit<typeof lago, 'name' | 'type' | 'url' | 'apiKey'>> & object, boolean]>([
  ['the same', {}, true],
  ['a slash at the end', { url: 'https://api.getlago.com/' }, true],
  ['capitals in the host', { url: 'https://API.getlago.com' }, true],
  ['the port that is meant anyway', { url: 'https://api.getlago.com:443' }, true],
  ['another host', { url: 'https://api.eu.getlago.com' }, false],
  ['another port', { url: 'https://api.getlago.com:8443' }, false],
  ['another scheme', { url: 'http://api.getlago.com' }, false],
  ['a path before the API', { url: 'https://api.getlago.com/lago' }, false],
  ['another key', { apiKey: 'K' }, false],
  ['another type', { type: 'hyperline' }, false],
])('%s', (_, change, isOne) => {
  const accounts = billingAccounts([lago, { ...lago, name: 'seats', ...change }]);
  expect([...accounts]).toEqual([
    ['lago', 'lago'],
    ['seats', isOne ? 'lago' : 'seats'],
  ]);
});

test('a path with slashes at its end is one with none', () => {
  const accounts = billingAccounts([
    { ...lago, url: 'http://127.0.0.1:4003/lago//' },
    { ...lago, name: 'b', apiKey: 'other' },
    { ...lago, name: 'c', url: 'http://127.0.0.1:4003/lago' },
  ]);
  expect([...accounts.values()]).toEqual(['lago', 'b', 'lago']);
});
