import { expect, test } from '@jest/globals';
import { reflowText } from './break-line.js';
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

test('what was broken for a wider terminal is broken anew, sentence by sentence; examples stay whole', () => {
  const text = `
Without a key the sandbox stands in, and a known
write key is taken. What is kept goes on.
Exit codes: 0 done.

Examples:
  meterbridge dead-letters replay --reason unmapped --dry-run`;
  expect(reflowText(text, 30)).toBe(`
Without a key the sandbox
stands in, and a known write
key is taken. What is kept
goes on.
Exit codes: 0 done.

Examples:
  meterbridge dead-letters replay --reason unmapped --dry-run`);
});

test('what stands behind a line number goes on below itself', () => {
  expect(wrapText('  line 8   Lago reads no such field', 24)).toBe(
    '  line 8   Lago reads no\n           such field',
  );
});
