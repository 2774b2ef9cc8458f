import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DecimalSum, isDecimal } from './decimal-sum.js';

test.each([
  [[], '0'],
  [['0.1', '0.2'], '0.3'],
  [['5', '-7'], '-2'],
  [['1.50', '1.5', '-3'], '0'],
  [['12345678901234567890.5', '0.000000000000001'], '12345678901234567890.500000000000001'],
  [['1e21', '1'], '1000000000000000000001'],
  [['1.5e-7', '-0.05'], '-0.04999985'],
  [['100'], '100'],
])('%j come to %s', (texts, sum) => {
  const all = new DecimalSum();
  for (const text of texts) all.add(text);
  expect(String(all)).toBe(sum);
});

test('whole numbers come to what they come to', () => {
  fc.assert(
    fc.property(fc.array(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n })), (numbers) => {
      const all = new DecimalSum();
      for (const number of numbers) all.add(`${number}.250`);
      for (const _ of numbers) all.add('-0.25');
      // A negative number with a fraction lies beyond its whole part.
      const negative = numbers.filter((number) => number < 0n).length;
      const halves = numbers.reduce((sum, number) => sum + number, 0n) * 2n - BigInt(negative);
      const text = String(all);
      const twice = text.endsWith('.5')
        ? BigInt(text.slice(0, -2)) * 2n + (text.startsWith('-') ? -1n : 1n)
        : BigInt(text) * 2n;
      expect(twice).toBe(halves);
    }),
  );
});

test.each([
  ['', false],
  ['1.', false],
  ['.5', false],
  ['12', true],
  ['-0.5', true],
  ['1e3', true],
  ['0x1', false],
  ['1 000', false],
])('%j is a decimal: %s', (text, is) => {
  expect(isDecimal(text)).toBe(is);
});
