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
  const { refused, again, alone, single, empty, finding, proving } = comparisons;
  expect([finding, proving]).toEqual([refused + again, alone + single + empty]);
  return [refused, again, alone, single, empty];
}

test.each<[string, Step[], [refused: number, again: number, alone: number, single: number, empty: number]]>([
  [
    'what was never refused costs nothing',
    [
      ['passed', 'ab'],
      ['passed', 'ab'],
    ],
    [0, 0, 0, 0, 0],
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
    [3, 3, 1, 0, 0],
  ],
  [
    'what was passed on is a suspect no more',
    [
      ['refused', 'aX'],
      ['passed', 'a'],
      ['passed', 'ab'],
    ],
    [1, 1, 0, 0, 0],
  ],
  [
    'a full request that takes one along counts whole',
    [
      ['refused', 'aX'],
      ['passed', 'abcdefgh'],
    ],
    [1, 1, 0, 0, 0],
  ],
  [
    'a new one alone is somebody to compare with',
    [
      ['refused', 'X'],
      ['passed', 'a'],
    ],
    [0, 0, 1, 1, 0],
  ],
  [
    'asking with nothing in hand',
    [
      ['refused', 'X'],
      ['passed', ''],
    ],
    [0, 0, 1, 0, 1],
  ],
])('%s', (_name, steps, expected) => {
  expect(count(steps)).toEqual(expected);
});

test('says in requests of how many events one was refused first', () => {
  const comparisons = new Comparisons();
  comparisons.noteRefused(ids('abcX'));
  comparisons.noteRefused(ids('aX'));
  comparisons.noteRefused(ids('X'));
  comparisons.noteRefused(ids('defY'));
  expect(comparisons.describe()).toBe(
    'requests: 3 refused, 0 again, 1 alone, 0 single, 0 empty; refused first in one of 4 events',
  );
});
