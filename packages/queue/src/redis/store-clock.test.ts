import { expect, test } from '@jest/globals';
import { correctOffset } from './store-clock.js';

/** What Redis' clock shows when the monotonic one shows zero. */
const ZERO = 1_800_000_000_000;
const atOnce = { sentAt: 100, receivedAt: 102, storeMs: ZERO + 101 };
const afterAMinute = { sentAt: 100, receivedAt: 60_100, storeMs: ZERO + 60_099 };

test.each([
  ['the first answer is taken as just given', undefined, atOnce, ZERO - 1],
  ['a first answer that took a minute is as good', undefined, afterAMinute, ZERO - 1],
  ['one that fits changes nothing', ZERO + 0.5, atOnce, ZERO + 0.5],
  ['a clock that is behind goes to the nearer edge', ZERO - 50, atOnce, ZERO - 1],
  ['so does one that is ahead', ZERO + 50, atOnce, ZERO + 1],
  ['and one of a server whose clock was minutes off', ZERO - 180_000, atOnce, ZERO - 1],
  ['a late answer does no harm to a better one', ZERO + 0.5, afterAMinute, ZERO + 0.5],
])('%s', (_name, before, reading, after) => {
  expect(correctOffset(before, reading)).toBe(after);
});
