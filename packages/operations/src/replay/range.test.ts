import { expect, test } from '@jest/globals';
import { compareStreamIds } from './range.js';

test.each([
  ['1-0', '1-0', 0],
  ['1-0', '1-1', -1],
  ['2-0', '1-9', 1],
  ['999-5', '1000-0', -1],
  ['1795235992524-10', '1795235992524-9', 1],
])('%s against %s', (one, other, sign) => {
  expect(Math.sign(compareStreamIds(one, other))).toBe(sign);
});
