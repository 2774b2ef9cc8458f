import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isSameDecimal } from './decimal.js';
import { mayHoldInexactNumber } from './long-numbers.js';
import { parseJson } from './parse-json.js';

test.each([
  ['{"units":9007199254740991}', { units: 9007199254740991 }],
  ['{"units":9007199254740993}', { units: '9007199254740993' }],
  ['{"units":-12345678901234567890}', { units: '-12345678901234567890' }],
  ['[12345678901234567.25]', ['12345678901234567.25']],
  ['{"units":1234567.12345678901234567}', { units: '1234567.12345678901234567' }],
  ['[0.12345678901234567]', ['0.12345678901234567']],
  ['[912345678.12345678, 12345678.12345678]', ['912345678.12345678', 12345678.12345678]],
  ['[9007199254740992, 12345678901234567000]', ['9007199254740992', '12345678901234567000']],
  ['[0.10000000000000001]', ['0.10000000000000001']],
  ['[0.30000000000000004, 1.10, 100.000000000000000]', [0.30000000000000004, 1.1, 100]],
  ['[1.2345678901234567891e5]', ['123456.78901234567891']],
  ['[-9007199254740993E-3]', ['-9007199254740.993']],
  ['[1e-400]', [`0.${'0'.repeat(399)}1`]],
  ['[-1.2345e-320]', [`-0.${'0'.repeat(319)}12345`]],
  ['[5e-324, 1e-7, 1e21]', [5e-324, 1e-7, 1e21]],
  ['[1.2345678901234567e+30]', [1.2345678901234567e30]],
  ['{"id":"9007199254740993"}', { id: '9007199254740993' }],
  ['{"a":"\\"9007199254740993,","b":9007199254740993}', { a: '"9007199254740993,', b: '9007199254740993' }],
  ['{"a":"\\\\","b":9007199254740993}', { a: '\\', b: '9007199254740993' }],
  ['9007199254740993', '9007199254740993'],
  ['\ufeff{"a":1}', { a: 1 }],
])('reads %s with every digit', (text, expected) => {
  expect(parseJson(text)).toEqual(expected);
});

test.each([
  '',
  ' ',
  '{',
  '{9007199254740993:1}',
  '[09007199254740993]',
  '[1 9007199254740993]',
  'undefined',
  "{'a':1}",
])('does not make JSON of %j', (text) => {
  expect(parseJson(text)).toBeUndefined();
});

test('drops __proto__ however it is spelled, and keeps what stands beside it', () => {
  const value = parseJson('{"a":{"__proto__":{"admin":true},"\\u005f_proto__":1,"b":2}}');
  expect(JSON.stringify(value)).toBe('{"a":{"b":2}}');
});

test('reads half a million levels without overflowing the stack', () => {
  expect(Array.isArray(parseJson(`${'['.repeat(500_000)}"__proto__"${']'.repeat(500_000)}`))).toBe(true);
});

test('reads whatever JSON.stringify writes back as it was, unless an integer is beyond 2^53', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = JSON.stringify(value);
      const isUnsafe = /[1-9]\d{15}/.test(text) || text.includes('__proto__');
      fc.pre(!isUnsafe);
      expect(parseJson(text)).toEqual(JSON.parse(text));
    }),
  );
});

test('looks closer wherever a run of 16 digits stands, and at none that is shorter', () => {
  for (let before = 0; before < 40; before++) {
    expect(mayHoldInexactNumber(`${'x'.repeat(before)}1234567890123456x`)).toBe(true);
    expect(mayHoldInexactNumber(`${'x'.repeat(before)}1234567.89012345x`)).toBe(true);
    expect(mayHoldInexactNumber(`${'x'.repeat(before)}123456789012345x1`)).toBe(false);
  }
});

test.each([
  ['{"a":1e-400}', true],
  ['{"a":-1.5E-310}', true],
  ['{"id":"7136d74f-123e-4567-89ab-0123456789ab"}', false],
  ['{"id":"7136d74e-4567-49ab-89ab-012345678"}', false],
  ['{"at":"2026-01-31T12:00:00.250-0100"}', false],
])('%s may hold a number too small for a double: %s', (text, may) => {
  expect(mayHoldInexactNumber(text)).toBe(may);
});

test('a number is the one that was sent, as a number or as text with its digits', () => {
  const digits = fc.bigInt({ min: 0n, max: 10n ** 25n }).map(String);
  fc.assert(
    fc.property(fc.boolean(), digits, digits, fc.integer({ min: -350, max: 250 }), (isMinus, a, b, power) => {
      const text = `${isMinus ? '-' : ''}${a}.${b}${power % 2 === 0 ? `e${power}` : ''}`;
      const [read] = parseJson(`[${text}]`) as [number | string];
      expect(isSameDecimal(String(read), text)).toBe(true);
    }),
  );
});
