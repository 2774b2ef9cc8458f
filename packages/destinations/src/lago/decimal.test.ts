import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseExactly } from './decimal.js';

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
