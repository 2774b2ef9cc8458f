import { expect, test } from '@jest/globals';
import { fitsAmountColumn, toAmount } from './amount.js';

test.each<[unknown, string | null]>([
  ['1234.56', '1234.56'],
  [12.5, '12.5'],
  ['0.12345678901234567890', '0.123456789012346'],
  ['-0.1234567890123455', '-0.123456789012346'],
  ['0.9999999999999999', '1.0'],
  ['-0.0000000000000001', '0.0'],
  ['5', '5.0'],
  [-3, '-3.0'],
  ['007', '7.0'],
  ['.5', '0.5'],
  ['1e3', '1000.0'],
  [1e-7, '0.0000001'],
  ['1.5e-3', '0.0015'],
  ['1e-999999999', '0.0'],
  ['12.5 EUR', '12.5'],
  ['abc', '0.0'],
  ['NaN', 'NaN'],
  [true, '0.0'],
  ['', null],
  [null, null],
  [undefined, null],
  [{ a: 1 }, null],
])('%j is kept as %j', (given, kept) => {
  expect(toAmount(given)).toBe(kept);
});

test.each<[unknown, boolean]>([
  ['9'.repeat(25), true],
  [`-${'9'.repeat(25)}.5`, true],
  [`${'9'.repeat(25)}.9999999999999999`, false],
  [`1${'0'.repeat(30)}`, false],
  ['1e999999999', false],
  ['Infinity', false],
  ['NaN', true],
  [null, true],
])('%j fits the column: %j', (given, fits) => {
  expect(fitsAmountColumn(toAmount(given))).toBe(fits);
});
