import { expect, test } from '@jest/globals';
import { oldBefore } from './old-usage.js';

test.each([
  ['an hour ago', '2026-11-15T12:00:00.000Z', '2026-11-15T11:00:00.000Z'],
  ["this month's beginning where that is later", '2026-11-01T00:10:00.000Z', '2026-11-01T00:00:00.000Z'],
])('old is what is of before %s', (_what, now, expected) => {
  expect(oldBefore(Date.parse(now))).toBe(expected);
});
