import { expect, test } from '@jest/globals';
import { isExact, plainDecimal, typeName } from './scalar.js';

test.each([
  [0, '0'],
  [12.5, '12.5'],
  [1e-7, '0.0000001'],
  [-1.25e-9, '-0.00000000125'],
  [5e-324, `0.${'0'.repeat(323)}5`],
  [1e21, '1000000000000000000000'],
  [-1.5e22, '-15000000000000000000000'],
])('writes %p without an exponent', (value, text) => {
  expect(plainDecimal(value)).toBe(text);
  expect(Number(plainDecimal(value))).toBe(value);
});

test.each([
  [0, true],
  [0.1, true],
  [Number.MAX_SAFE_INTEGER, true],
  [Number.MAX_SAFE_INTEGER + 1, false],
  [1e300, false],
  [Number.NaN, false],
  [Number.POSITIVE_INFINITY, false],
])('%p is exact: %p', (value, exact) => {
  expect(isExact(value)).toBe(exact);
});

test.each([
  [undefined, 'missing'],
  [null, 'null'],
  [[], 'list'],
  [{}, 'object'],
  ['', 'string'],
  [1, 'number'],
  [false, 'boolean'],
])('names the type of %p', (value, name) => {
  expect(typeName(value)).toBe(name);
});
