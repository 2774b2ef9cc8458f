import { describe, expect, test } from '@jest/globals';
import { createRandom } from '../random.js';
import { fitsIndexes } from './index-rows.js';
import type { LagoEvent } from './read-event.js';

const EVENT: LagoEvent = {
  transactionId: 't',
  code: 'api_call',
  externalSubscriptionId: 'sub_5',
  timestampMs: 1_700_000_000_000,
  preciseTotalAmountCents: null,
  properties: {},
};
const FOX = 'The quick brown fox jumps over the lazy dog. ';
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

function randomText(length: number): string {
  const random = createRandom(length);
  return Array.from({ length }, () => LETTERS[Math.floor(random() * LETTERS.length)]).join('');
}

function numberedKeys(count: number): Record<string, number> {
  return Object.fromEntries(Array.from({ length: count }, (_item, i) => [`key_${i}`, i]));
}

/**
 * Tried on Lago 1.51.0 with Postgres 17: the most that was answered 200, where more was answered 500. Of the
 * keys and the English only the number is known; of these shapes the model gives the same number.
 */
describe('the edge that Lago 1.51.0 has', () => {
  test.each<[string, Partial<LagoEvent>, Partial<LagoEvent>]>([
    [
      '2,617 random characters',
      { properties: { tokens: 1, s: randomText(2617) } },
      { properties: { tokens: 1, s: randomText(2618) } },
    ],
    ['386 small keys', { properties: numberedKeys(386) }, { properties: numberedKeys(387) }],
    [
      'repeated English of about 223,000 characters',
      { properties: { tokens: 1, s: FOX.repeat(4960) } },
      { properties: { tokens: 1, s: FOX.repeat(4970) } },
    ],
    [
      'an id of 2,668 random characters',
      { transactionId: randomText(2668) },
      { transactionId: randomText(2669) },
    ],
    [
      'an id of 9,000 times one letter',
      { transactionId: 'y'.repeat(9000) },
      { transactionId: 'y'.repeat(1_000_000) },
    ],
  ])('%s', (_what, most, more) => {
    expect(fitsIndexes({ ...EVENT, ...most })).toBe(true);
    expect(fitsIndexes({ ...EVENT, ...more })).toBe(false);
  });
});

test.each<[string, Partial<LagoEvent>, boolean]>([
  ['a long subscription', { externalSubscriptionId: randomText(3000) }, false],
  ['a long code', { code: randomText(3000) }, false],
  ['no subscription', { externalSubscriptionId: null, properties: { s: randomText(2600) } }, true],
  [
    'what fits alone, and not together',
    { code: randomText(1400), properties: { s: randomText(1400) } },
    false,
  ],
  ['letters of three bytes each', { properties: { s: '世界'.repeat(20), t: randomText(2400) } }, true],
  ['4,000 random characters deep inside', { properties: { a: [{ b: { c: randomText(4000) } }] } }, false],
  [
    'a long list of numbers',
    { properties: { list: Array.from({ length: 600 }, (_item, i) => i * i * 0.37) } },
    false,
  ],
])('%s', (_what, change, fits) => {
  expect(fitsIndexes({ ...EVENT, ...change })).toBe(fits);
});
