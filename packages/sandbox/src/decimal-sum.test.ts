import { expect, test } from '@jest/globals';
import {
  addDecimals,
  divideDecimals,
  isGreater,
  multiplyDecimals,
  roundDecimal,
  showDecimal,
  sumDecimals,
  toDecimal,
} from './decimal-sum.js';

test.each([
  ['12', '12'],
  ['-12.50', '-12.5'],
  ['0.001', '0.001'],
  [12.5, '12.5'],
  [-3, '-3'],
  [1e21, '1000000000000000000000'],
  [1e-7, '0.0000001'],
  ['9007199254740993', '9007199254740993'],
  ['-0.5', '-0.5'],
])('%p counts as %s', (value, shown) => {
  expect(showDecimal(toDecimal(value)!)).toBe(shown);
});

test.each([['1,000'], ['+5'], [' 5'], ['.5'], ['5.'], ['1e3'], [''], [true], [null], [undefined], [{}]])(
  '%p is left out, as Lago does',
  (value) => {
    expect(toDecimal(value)).toBeUndefined();
  },
);

test('sums are exact where floating point is not', () => {
  expect(showDecimal(addDecimals(toDecimal(0.1)!, toDecimal('0.20')!))).toBe('0.3');
  expect(showDecimal(addDecimals(toDecimal('9007199254740993')!, toDecimal(1)!))).toBe('9007199254740994');
});

test('decimals of different scales compare by value', () => {
  expect(isGreater(toDecimal('1.10')!, toDecimal('1.09')!)).toBe(true);
  expect(isGreater(toDecimal('-2')!, toDecimal('-1.5')!)).toBe(false);
});

test.each<[string, string, string, bigint]>([
  ['254', '0.01', '2.54', 3n],
  ['-2.5', '1', '-2.5', -3n],
  ['0.1', '0.2', '0.02', 0n],
  ['0.5', '1', '0.5', 1n],
])('%s times %s is %s, and rounds to %d', (a, b, product, rounded) => {
  const exact = multiplyDecimals(toDecimal(a)!, toDecimal(b)!);
  expect(showDecimal(exact)).toBe(product);
  expect(roundDecimal(exact)).toBe(rounded);
});

test.each([
  ['1', '4', '0.25'],
  ['1.5', '0.05', '30'],
  ['-1', '3', '-0.333333333333333'],
  ['1', '0', '0'],
])('%s by %s is %s', (a, b, quotient) => {
  expect(showDecimal(divideDecimals(toDecimal(a)!, toDecimal(b)!))).toBe(quotient);
});

test('a sum of texts leaves out what is no number', () => {
  expect(sumDecimals(['1.5', null, 'NaN', '2'])).toBe('3.5');
  expect(sumDecimals([])).toBe('0');
});
