import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isSameDecimal, withoutExponent } from './decimal.js';

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
  ['1.5e-3', '0.0015'],
  ['-1.5e3', '-1500'],
  ['1.2345678901234567891E5', '123456.78901234567891'],
  ['12e-2', '0.12'],
  ['0e5', '0'],
  ['12.50', '12.50'],
  ['1e-400', `0.${'0'.repeat(399)}1`],
  ['1e-9999', '1e-9999'],
])('%s is written as %s', (text, plain) => {
  expect(withoutExponent(text)).toBe(plain);
});

test('a long run of zeros takes no longer than it is long', () => {
  const text = `1${'0'.repeat(1_000_000)}1`;
  const before = process.cpuUsage();
  expect(isSameDecimal(text, text)).toBe(true);
  expect(process.cpuUsage(before).user).toBeLessThan(1_000_000);
});
