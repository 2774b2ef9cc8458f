import { expect, test } from '@jest/globals';
import { compileFql } from './compile.js';
import { compileGlob } from './glob.js';

test.each([
  ['a*d', 'abcd', true],
  ['*', '', true],
  ['', '', true],
  ['', 'a', false],
  ['ab', 'abc', false],
  ['a??d', 'abcd', true],
  ['a??d', 'abd', false],
  ['*d', 'abcd', true],
  ['**', 'abcd', true],
  ['*b*', 'abcd', true],
  ['a*b*c', 'aXbYbZc', true],
  ['a*b*c', 'aXbYbZcd', false],
  ['*ab', 'aab', true],
  ['ab\\*d', 'ab*d', true],
  ['ab\\*d', 'abXd', false],
  ['ab[cC]d', 'abCd', true],
  ['ab[a-z]d', 'abcd', true],
  ['ab[A-Z]d', 'abcd', false],
  ['[^abc]', 'd', true],
  ['[^abc]', 'b', false],
  ['[^a-z]', 'M', true],
  ['[^a-z]', 'm', false],
  ['[^a-z]', '', false],
  ['[a-c0-9_]*', '7x', true],
  ['[*?]', '*', true],
  ['[*?]', 'a', false],
  ['[a^]', '^', true],
  ['[\\]\\-\\^]', ']', true],
  ['[\\^a]', '^', true],
  ['a]', 'a]', true],
  ['a/*', 'a/b/c', true],
  ['?', '😀', true],
  ['[😀-😂]', '😁', true],
  ['*😀', 'a😀', true],
  ['a.c', 'abc', false],
  ['A*', 'abc', false],
  // malformed: nothing
  ['[', '[', false],
  ['[a', 'a', false],
  ['[]', '', false],
  ['[]', ']', false],
  ['[^]', 'a', false],
  ['[a-]', 'a', false],
  ['[-a]', 'a', false],
  ['[z-a]', 'm', false],
  ['[^z-a]', 'm', false],
  ['a\\', 'a\\', false],
  ['*[', 'abc', false],
] as const)('%s on %j is %s', (pattern, text, expected) => {
  expect(compileGlob(pattern)(text)).toBe(expected);
});

test('a pattern made to backtrack takes steps in proportion to text times pattern', () => {
  let reads = 0;
  const text = {
    length: 4000,
    codePointAt: () => {
      reads++;
      return 97;
    },
  } as unknown as string;
  expect(compileGlob(`*a*${'a'.repeat(50)}b`)(text)).toBe(false);
  expect(reads).toBeLessThan(4000 * 54 * 2);
});

test('a pattern that comes with the event matches nothing where it would take long', () => {
  const compiled = compileFql('match(text, pattern)');
  if (!compiled.ok) throw new Error(compiled.problem.message);
  const long = 'a'.repeat(32_000);
  expect(compiled.matches({ text: 'a'.repeat(1_000), pattern: `*${'a'.repeat(99)}` })).toBe(true);
  expect(compiled.matches({ text: long, pattern: 'a*' })).toBe(true);
  expect(compiled.matches({ text: long, pattern: `*${'a'.repeat(99)}` })).toBe(false);
  expect(compiled.matches({ text: 'a', pattern: `*${long.repeat(4)}` })).toBe(false);
});
