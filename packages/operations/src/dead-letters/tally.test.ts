import { expect, test } from '@jest/globals';
import type { DeadLetter } from '@meterbridge/delivery';
import type { Grouping } from './groupings.js';
import type { LetterEntry } from './letter.js';
import { type Group, Tally } from './tally.js';

const DAY = Date.parse('2026-11-21');

function anEntry(n: number, reason: string, userId: string): LetterEntry {
  const event = { type: 'track', event: n % 2 === 0 ? 'API Call' : 'Login', userId };
  return {
    id: `lago/${DAY + n}-0`,
    at: DAY + n,
    reason,
    bucket: '',
    json: '',
    digest: '',
    letter: { rule: 'usage', source: 'web', event } as unknown as DeadLetter,
  };
}

const ENTRIES = [
  anEntry(5, 'refused', 'ann'),
  anEntry(1, 'unmapped', 'bob'),
  anEntry(3, 'refused', 'ann'),
  anEntry(-2, 'refused', 'cy'),
];

function tally(by: Grouping[], maxGroups?: number) {
  const counting = new Tally(by, ({ letter }) => (letter as DeadLetter).event.userId, maxGroups);
  for (const entry of ENTRIES) counting.add(entry);
  return counting.result();
}

const say = ({ key, letters, oldest, newest }: Group) =>
  `${Object.values(key).join(' ')}: ${letters}, ${oldest - DAY} to ${newest - DAY}`;

test.each<[Grouping[], string[]]>([
  [['reason'], ['refused: 3, -2 to 5', 'unmapped: 1, 1 to 1']],
  [
    ['reason', 'event'],
    ['refused Login: 2, 3 to 5', 'unmapped Login: 1, 1 to 1', 'refused API Call: 1, -2 to -2'],
  ],
  [['customer'], ['ann: 2, 3 to 5', 'bob: 1, 1 to 1', 'cy: 1, -2 to -2']],
  [['day'], ['2026-11-21: 3, 1 to 5', '2026-11-20: 1, -2 to -2']],
  [['destination', 'source', 'rule'], ['lago web usage: 4, -2 to 5']],
])('by %j, the largest first', (by, groups) => {
  expect(tally(by).groups.map(say)).toEqual(groups);
  expect(tally(by).others).toBeNull();
});

test('what has no room of its own is counted together', () => {
  const { groups, others, total } = tally(['customer'], 1);
  expect(groups.map(say)).toEqual(['ann: 2, 3 to 5']);
  expect(others).toEqual({ letters: 2, oldest: DAY - 2, newest: DAY + 1 });
  expect(total).toEqual({ letters: 4, oldest: DAY - 2, newest: DAY + 5 });
});
