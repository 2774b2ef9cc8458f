import { expect, test } from '@jest/globals';
import { wrapText } from './wrap-text.js';

test.each([
  ['what fits stays', 'one two', 'one two'],
  ['a sentence', 'one two three four', 'one two\nthree four'],
  ['below its mark', '✗ lago: refused it', '✗ lago:\n  refused\n  it'],
  ['below its count', '     1,204  can be sent', '     1,204  can\n            be\n            sent'],
  ['below its indentation', '  fails: no such', '  fails:\n  no such'],
  ['columns are kept', 'ab  cd efghijk', 'ab  cd\nefghijk'],
  ['what cannot be broken', 'see http://127.0.0.1 there', 'see\nhttp://127.0.0.1\nthere'],
  ['line by line', 'one two\nthree four five', 'one two\nthree four\nfive'],
])('%s', (_name, text, wrapped) => {
  expect(wrapText(text, 10)).toBe(wrapped);
});

test('where nothing bounds it, it is as it was', () => {
  const text = `• ${'word '.repeat(100)}end`;
  expect(wrapText(text, Number.POSITIVE_INFINITY)).toBe(text);
});
