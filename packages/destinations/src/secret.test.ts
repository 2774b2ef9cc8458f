import { expect, test } from '@jest/globals';
import { findSecretProblem } from './secret.js';

test.each([
  ['wk\n', 'a line break at its end'],
  ['wk\r\n', 'a line break at its end'],
  ['\nwk', 'a line break at its beginning'],
  ['w\nk', 'a line break inside'],
  [' wk', 'a space at its beginning'],
  ['wk ', 'a space at its end'],
  ['w k', 'a space inside'],
  ['w\tk', 'a tab inside'],
  ['wk\0', 'a control character at its end'],
  ['\u{feff}wk', 'a character outside ASCII at its beginning'],
  ['wk\u{200b}', 'a character outside ASCII at its end'],
  ['wk\u{a0}', 'a character outside ASCII at its end'],
  ['wké', 'a character outside ASCII at its end'],
  ['\n', 'a line break'],
])('%j is no secret: %s', (text, found) => {
  expect(findSecretProblem(text)).toBe(`found ${found}; a secret is printable ASCII without spaces`);
});

test.each([['wk'], ['sk_live_1/2+3=='], ['"quoted"'], ['a'.repeat(500)], ['']])('%j is one', (text) => {
  expect(findSecretProblem(text)).toBeUndefined();
});
