import { expect, test } from '@jest/globals';
import { grouped } from './grouped.js';

test.each([0, 7, 999, 1_000, 12_345, 999_999, 1_000_000, 9_007_199_254_740_991, -5, -1_234, 0.5, 1_234.125])(
  '%p as English writes it',
  (value) => {
    expect(grouped(value)).toBe(value.toLocaleString('en'));
  },
);
