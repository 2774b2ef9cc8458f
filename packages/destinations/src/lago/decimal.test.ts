import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isSameDecimal, parseExactly } from './decimal.js';

test.each([
  ['1', '1.0', true],
  ['1', '1.00e0', true],
  ['100', '1e2', true],
  ['0.001', '1E-3', true],
  ['0012.50', '12.5', true],
  ['0', '-0.000', true],
  ['12345678901234567890', '12345678901234567891', false],
  ['0.1', '0.10000000000000000000000000001', false],
  ['1', '-1', false],
  ['1', '10', false],
  ['abc', 'abc', false],
  ['1,000', '1000', false],
  ['', '0', false],
  ['.5', '0.5', false],
])('%s and %s are the same decimal: %s', (one, other, isSame) => {
  expect(isSameDecimal(one, other)).toBe(isSame);
  expect(isSameDecimal(other, one)).toBe(isSame);
});

test('a decimal is the same whatever zeros and exponent it is written with, and no other', () => {
  const decimal = fc.record({ digits: fc.bigInt({ min: 0n, max: 10n ** 40n }), scale: fc.nat({ max: 30 }) });
  fc.assert(
    fc.property(decimal, fc.nat({ max: 10 }), ({ digits, scale }, zeros) => {
      const one = `${digits}e-${scale}`;
      const other = `${'0'.repeat(zeros)}${digits}${'0'.repeat(zeros)}e-${scale + zeros}`;
      expect(isSameDecimal(one, other)).toBe(true);
      expect(isSameDecimal(one, `${digits + 1n}e-${scale}`)).toBe(false);
    }),
  );
});

test.each([
  ['{"n":12345678901234567891}', { n: '12345678901234567891' }],
  ['{"n":12345678901234567000}', { n: 12345678901234567000 }],
  ['{"n":[1.0,-2.5e3,1e400]}', { n: [1, -2500, '1e400'] }],
  ['{"n":0.30000000000000004}', { n: 0.1 + 0.2 }],
  [
    '{"a \\"12345678901234567891\\"":"12345678901234567891\\\\"}',
    { 'a "12345678901234567891"': '12345678901234567891\\' },
  ],
])('%s keeps each number that a double cannot hold as it is written', (json, value) => {
  expect(parseExactly(json)).toEqual(value);
});

test('what JSON.parse reads without a loss is read alike', () => {
  fc.assert(
    fc.property(fc.json(), (json) => {
      expect(parseExactly(json)).toEqual(JSON.parse(json));
    }),
  );
});
