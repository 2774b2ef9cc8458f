import { expect, test } from '@jest/globals';
import { visible, visibleLines } from './visible.js';

test.each([
  ['API Call', 'API Call'],
  ['Größe – 大きさ 🎉', 'Größe – 大きさ 🎉'],
  ['\u001b[2Jgone\r\n\t', '\\u001b[2Jgone\\r\\n\\t'],
  ['\u001b]52;c;ZXZpbA==\u0007', '\\u001b]52;c;ZXZpbA==\\u0007'],
  ['\u009b2J\u007f', '\\u009b2J\\u007f'],
  ['a\u202eb\u2066\u2028c\u0000', 'a\\u202eb\\u2066\\u2028c\\u0000'],
  ['tag \u{e0041}', 'tag \\udb40\\udc41'],
])('%j is shown as %s', (text, shown) => {
  expect(visible(text)).toBe(shown);
});

test('text of several lines keeps them, and no other control character', () => {
  expect(visibleLines('one\n\ttwo\r\u001b[1A')).toBe('one\n\ttwo\\r\\u001b[1A');
});

test('a JSON document stays the document it is', () => {
  const document = { name: '\u001b[2J\u009b\u007f\u202e\u{e0041}\n' };
  const text = visibleLines(JSON.stringify(document, null, 2));
  expect(text).not.toMatch(/[\u007f-\u009f\u202e]/);
  expect(JSON.parse(text)).toEqual(document);
});
