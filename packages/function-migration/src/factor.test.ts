import { expect, test } from '@jest/globals';
import { writeFactor } from './factor.js';

test.each<['*' | '/', unknown, string | undefined, string | null]>([
  ['*', 1000, undefined, '1000'],
  ['*', 0.001, undefined, '0.001'],
  ['*', 1e-9, undefined, '0.000000001'],
  ['*', -2.5, undefined, '-2.5'],
  ['/', 1e9, undefined, '0.000000001'],
  ['/', 1024, undefined, '0.0009765625'],
  ['/', 1024, '0.0009765625', '0.00000095367431640625'],
  ['/', 0.5, undefined, '2'],
  ['/', 1e21, undefined, '0.000000000000000000001'],
  ['/', 3, undefined, null],
  ['*', 0, undefined, null],
  ['/', 0, undefined, null],
  ['*', '2', undefined, null],
  ['*', Number.NaN, undefined, null],
  ['*', 1e300, undefined, null],
])('%s %p behind %p is times %p', (operator, constant, before, times) => {
  expect(writeFactor(operator, constant, before)).toBe(times);
});
