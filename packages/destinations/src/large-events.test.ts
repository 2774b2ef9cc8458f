import { expect, test } from '@jest/globals';
import { describeLarge, isLarge } from './large-events.js';

test.each([
  [1_949, 2_600, false],
  [1_950, 2_600, true],
  [90_000, 2_600, true],
  [90_000, undefined, false],
])('%i bytes where %s can be stored: near or beyond is %s', (bytes, storable, large) => {
  expect(isLarge(bytes, storable)).toBe(large);
  expect(describeLarge(bytes, storable) !== undefined).toBe(large);
});

test('a person reads both numbers', () => {
  expect(describeLarge(4_321, 2_600)).toMatch(/^4,321 bytes: .* about 2,600, compressed/);
});
