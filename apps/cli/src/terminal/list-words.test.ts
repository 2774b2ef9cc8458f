import { expect, test } from '@jest/globals';
import { listWords } from './list-words.js';

test.each([
  [['a'], 'a'],
  [['a', 'b'], 'a or b'],
  [['a', 'b', 'c'], 'a, b or c'],
])('%j is said as %s', (words, said) => {
  expect(listWords(words, 'or')).toBe(said);
});
