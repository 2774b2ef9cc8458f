import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { hasLongDigitRun } from './long-numbers.js';
import { parseJson } from './parse-json.js';

test.each([
  ['{"units":9007199254740991}', { units: 9007199254740991 }],
  ['{"units":9007199254740993}', { units: '9007199254740993' }],
  ['{"units":-12345678901234567890}', { units: '-12345678901234567890' }],
  ['[12345678901234567.25]', ['12345678901234567.25']],
  ['[0.12345678901234567]', [Number('0.12345678901234567')]],
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

test('reads whatever JSON.stringify writes back as it was, unless a number is beyond 2^53', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = JSON.stringify(value);
      const isUnsafe = /[1-9]\d{15}/.test(text) || text.includes('__proto__');
      fc.pre(!isUnsafe);
      expect(parseJson(text)).toEqual(JSON.parse(text));
    }),
  );
});

test('finds a run of 16 digits wherever it stands, and none that is shorter', () => {
  for (let before = 0; before < 40; before++) {
    expect(hasLongDigitRun(`${'x'.repeat(before)}1234567890123456x`)).toBe(true);
    expect(hasLongDigitRun(`${'x'.repeat(before)}123456789012345x1`)).toBe(false);
  }
});
