import { expect, test } from '@jest/globals';
import type { StoredDelivery } from '@meterbridge/delivery';
import type { LetterEntry } from '../dead-letters/letter.js';
import type { Verdict } from './judge-letter.js';
import { PlanTally, planned } from './plan.js';

const letter = (destination: string, reason: string) =>
  ({ id: `${destination}/1-0`, at: 1, reason }) as LetterEntry;
const moves = (made: Record<string, number>) =>
  Object.entries(made).map(([destination, count]) => ({
    destination,
    deliveries: Array<StoredDelivery>(count).fill({} as StoredDelivery),
  }));
const go = (made: Record<string, number>): Verdict => ({ will: 'go', moves: moves(made) });
const fail = (why: string): Verdict => ({ will: 'fail', why, moves: moves({ lago: 1 }) });
const stay: Verdict = { will: 'stay', why: 'still no Segment event', detail: 'missing_type: x' };

const PACES = new Map([
  ['lago', 10],
  ['hyperline', 2],
  ['own', null],
]);

function plan(doesFailingToo: boolean, letters: [LetterEntry, Verdict, customer?: string][]) {
  const tally = new PlanTally();
  for (const [entry, verdict, customer] of letters) tally.add(entry, verdict, customer, doesFailingToo);
  return tally.result([], PACES);
}

test('adds up by destination, reason and customer, the most first', () => {
  const found = plan(false, [
    [letter('lago', 'refused'), go({ lago: 1 }), 'acct-1'],
    [letter('lago', 'unmapped'), fail('unmapped: a'), 'acct-2'],
    [letter('lago', 'unmapped'), fail('unmapped: b'), 'acct-2'],
    [letter('lago', 'unmapped'), fail('unmapped: b')],
    [letter('receiver', 'missing_type'), stay],
  ]);
  expect(found).toEqual({
    letters: 5,
    sentBefore: 0,
    reasons: [
      { destination: 'lago', reason: 'unmapped', letters: 3 },
      { destination: 'lago', reason: 'refused', letters: 1 },
      { destination: 'receiver', reason: 'missing_type', letters: 1 },
    ],
    customers: [
      { customer: 'acct-2', letters: 2 },
      { customer: 'acct-1', letters: 1 },
    ],
    customersInAll: 2,
    go: 1,
    fail: [
      { destination: 'lago', why: 'unmapped: b', letters: 2 },
      { destination: 'lago', why: 'unmapped: a', letters: 1 },
    ],
    stay: [{ destination: 'receiver', why: 'still no Segment event', detail: 'missing_type: x', letters: 1 }],
    held: [],
    seconds: 0.1,
  });
  expect([planned(found, false), planned(found, true)]).toEqual([1, 4]);
});

test('names the customers with the most letters, and says how many there are', () => {
  const found = plan(
    false,
    [1, 2, 3, 4, 5, 6].flatMap((n) =>
      Array.from({ length: n }, (): [LetterEntry, Verdict, string] => [
        letter('lago', 'r'),
        go({}),
        `acct-${n}`,
      ]),
    ),
  );
  expect(found.customers.map(({ customer }) => customer)).toEqual([
    'acct-6',
    'acct-5',
    'acct-4',
    'acct-3',
    'acct-2',
  ]);
  expect(found.customersInAll).toBe(6);
});

test.each<[string, boolean, [string, Verdict][], number | null]>([
  ['nothing', false, [], null],
  ['as many as the pace lets through', false, [['lago', go({ lago: 30 })]], 3],
  [
    'lane after lane',
    false,
    [
      ['lago', go({ lago: 30 })],
      ['hyperline', go({ hyperline: 4 })],
    ],
    5,
  ],
  [
    'what goes to several as slowly as the slowest',
    false,
    [['receiver', go({ lago: 30, hyperline: 4 })]],
    15,
  ],
  ['what nothing bounds takes no time that is known', false, [['own', go({ own: 30 })]], null],
  [
    'what is left takes none',
    false,
    [
      ['lago', fail('x')],
      ['lago', stay],
    ],
    null,
  ],
  ['what would fail takes its time where it goes', true, [['lago', fail('x')]], 0.1],
])('the time of %s', (_name, doesFailingToo, letters, seconds) => {
  const all = letters.map(([destination, verdict]): [LetterEntry, Verdict] => [
    letter(destination, 'r'),
    verdict,
  ]);
  expect(plan(doesFailingToo, all).seconds).toBe(seconds);
});
