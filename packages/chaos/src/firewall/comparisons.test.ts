import { expect, test } from '@jest/globals';
import { Comparisons } from './comparisons.js';

type Step = ['refused' | 'passed', string];
const ids = (text: string) => text.split('').filter((id) => id !== ' ');

function count(steps: readonly Step[]) {
  const comparisons = new Comparisons();
  for (const [what, text] of steps) {
    if (what === 'refused') comparisons.noteRefused(ids(text));
    else comparisons.notePassed(ids(text));
  }
  const { refused, again, empty, extra } = comparisons;
  return { refused, again, empty, extra };
}

test.each<[string, Step[], { refused: number; again: number; empty: number }]>([
  [
    'what was never refused costs nothing',
    [
      ['passed', 'ab'],
      ['passed', 'ab'],
    ],
    { refused: 0, again: 0, empty: 0 },
  ],
  [
    'halving eight to find one: three times a half passes and a half is refused',
    [
      ['refused', 'abcdefgX'],
      ['passed', 'abcd'],
      ['refused', 'efgX'],
      ['passed', 'ef'],
      ['refused', 'gX'],
      ['passed', 'g'],
      ['refused', 'X'],
    ],
    { refused: 4, again: 3, empty: 0 },
  ],
  [
    'what was passed on is a suspect no more',
    [
      ['refused', 'aX'],
      ['passed', 'a'],
      ['passed', 'a'],
    ],
    { refused: 1, again: 1, empty: 0 },
  ],
  [
    'a full request that takes one along counts whole',
    [
      ['refused', 'aX'],
      ['passed', 'abcdefgh'],
    ],
    { refused: 1, again: 1, empty: 0 },
  ],
  [
    'asking with nothing in hand',
    [
      ['refused', 'X'],
      ['passed', ''],
    ],
    { refused: 1, again: 0, empty: 1 },
  ],
])('%s', (_name, steps, expected) => {
  const { refused, again, empty } = expected;
  expect(count(steps)).toEqual({ ...expected, extra: refused + again + empty });
});
