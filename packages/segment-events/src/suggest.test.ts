import { expect, test } from '@jest/globals';
import { suggest } from './suggest.js';

const KNOWN = ['privacy', 'apiKey', 'when', 'rules'];

test.each([
  ['privcy', 'privacy'],
  ['apikey', 'apiKey'],
  ['wehn', 'when'],
  ['rulez', 'rules'],
  ['x', undefined],
  ['something', undefined],
])('%s was probably meant as %s', (word, meant) => {
  expect(suggest(word, KNOWN)).toBe(meant);
});

test('a key of any length is compared with what it can be near to, and with nothing else', () => {
  const known = {
    *[Symbol.iterator]() {
      for (let index = 0; index < 1_000; index += 1) yield `aLongerNameNumber${index}`;
    },
  };
  // Letter by letter this would be 10^11 comparisons: the test would not come to an end.
  expect(suggest('x'.repeat(5_000_000), known)).toBeUndefined();
});
