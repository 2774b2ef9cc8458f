import { expect, test } from '@jest/globals';
import { visible } from './visible.js';

test.each([
  ['API Call', 'API Call'],
  ['Größe – 大きさ 🎉', 'Größe – 大きさ 🎉'],
  ['\u001b[2Jgone\n', '\\u{1b}[2Jgone\\u{a}'],
  ['a\u202eb\u2028c\u0000', 'a\\u{202e}b\\u{2028}c\\u{0}'],
])('%j is shown as %s', (text, shown) => {
  expect(visible(text)).toBe(shown);
});
