import { expect, test } from '@jest/globals';
import { refuseUnstorable } from './unstorable-text.js';

test.each<[string, string, boolean]>([
  ['plain text', 'abc ü 😀', true],
  ['a NUL', 'a\u0000b', false],
  ['half a character', 'a\ud83d', false],
  ['the other half', '\ude00b', false],
  ['a NUL behind a backslash', '\\\u0000', false],
  ['other control characters', '\u0001\n', true],
  ['text that only looks like it', '\\u0000 and \\\\ud83d', true],
])('%s', (_name, value, isStorable) => {
  expect(refuseUnstorable(JSON.stringify({ value })) === undefined).toBe(isStorable);
  expect(refuseUnstorable(JSON.stringify({ [value]: 1 })) === undefined).toBe(isStorable);
});
