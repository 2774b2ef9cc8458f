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
  const { refused, again, single, empty, extra } = comparisons;
  return { refused, again, single, empty, extra };
}

test.each<[string, Step[], { refused: number; again: number; single: number; empty: number }]>([
  [
    'what was never refused costs nothing',
    [
      ['passed', 'ab'],
      ['passed', 'ab'],
    ],
    { refused: 0, again: 0, single: 0, empty: 0 },
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
    { refused: 4, again: 3, single: 0, empty: 0 },
  ],
  [
    'what was passed on is a suspect no more',
    [
      ['refused', 'aX'],
      ['passed', 'a'],
      ['passed', 'ab'],
    ],
    { refused: 1, again: 1, single: 0, empty: 0 },
  ],
  [
    'a full request that takes one along counts whole',
    [
      ['refused', 'aX'],
      ['passed', 'abcdefgh'],
    ],
    { refused: 1, again: 1, single: 0, empty: 0 },
  ],
  [
    'a new one alone is somebody to compare with',
    [
      ['refused', 'X'],
      ['passed', 'a'],
    ],
    { refused: 1, again: 0, single: 1, empty: 0 },
  ],
  [
    'asking with nothing in hand',
    [
      ['refused', 'X'],
      ['passed', ''],
    ],
    { refused: 1, again: 0, single: 0, empty: 1 },
  ],
])('%s', (_name, steps, expected) => {
  const { refused, again, single, empty } = expected;
  expect(count(steps)).toEqual({ ...expected, extra: refused + again + single + empty });
});

test('says in requests of how many events one was refused first', () => {
  const comparisons = new Comparisons();
  comparisons.noteRefused(ids('abcX'));
  comparisons.noteRefused(ids('aX'));
  comparisons.noteRefused(ids('X'));
  comparisons.noteRefused(ids('cdefgY'));
  expect(comparisons.describe()).toBe(
    '4 refused (1 of one event, first in requests of 4), 0 again, 0 single, 0 empty',
  );
});
