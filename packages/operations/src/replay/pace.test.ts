import { expect, test } from '@jest/globals';
import { batchAt, choosePace, limitOf, type Pace, paceOf, slowest, takeTurn } from './pace.js';

const LAGO = { requestsPerSecond: 400, batchSize: 100 };
const OWN = { requestsPerSecond: 'unlimited' as const, batchSize: 100 };

test.each<[string, typeof LAGO | typeof OWN, Pace, number | null]>([
  ['half of the limit where nothing is said', LAGO, {}, 20_000],
  ['a share of the limit', LAGO, { share: 10 }, 4_000],
  ['the whole limit', LAGO, { share: 100 }, 40_000],
  ['a rate alone is the rate', LAGO, { rate: 30_000 }, 30_000],
  ['the lesser of both', LAGO, { rate: 30_000, share: 10 }, 4_000],
  ['the lesser of both, the other way', LAGO, { rate: 300, share: 10 }, 300],
  ['nothing bounds an API without a limit', OWN, {}, null],
  ['nor does a share of it', OWN, { share: 10 }, null],
  ['but a rate does', OWN, { rate: 50 }, 50],
])('%s', (_name, limit, options, pace) => {
  expect(paceOf(limit, choosePace(options))).toBe(pace);
});

test('destinations of one billing account have its limit together', () => {
  const accounts = new Map([
    ['lago', 'lago'],
    ['seats', 'lago'],
    ['hyperline', 'hyperline'],
  ]);
  const partOf = (name: string, limit: typeof LAGO | typeof OWN) =>
    limitOf({ name, limit }, accounts).requestsPerSecond;
  expect(partOf('lago', LAGO)).toBe(200);
  expect(partOf('seats', LAGO)).toBe(200);
  expect(partOf('hyperline', LAGO)).toBe(400);
  expect(partOf('seats', OWN)).toBe('unlimited');
});

test.each<[(number | null)[], number | null]>([
  [[], null],
  [[null, null], null],
  [[null, 30, 20], 20],
])('the slowest of %j is %p', (paces, pace) => {
  expect(slowest(paces)).toBe(pace);
});

test.each<[number | null, number]>([
  [null, 100],
  [20_000, 100],
  [30.9, 30],
  [0.5, 1],
])('at a pace of %p, %p at once', (pace, most) => {
  expect(batchAt(pace, 100)).toBe(most);
});

test.each<[string, pace: number | null, free: number, now: number, ReturnType<typeof takeTurn>]>([
  ['the first goes at once', 50, 0, 10_000, { waitMs: 0, free: 12_000 }],
  ['the next when there is room again', 50, 12_000, 10_500, { waitMs: 1_500, free: 14_000 }],
  ['what was held up is no credit', 50, 12_000, 60_000, { waitMs: 0, free: 62_000 }],
  ['without a pace there is always room', null, 0, 10_000, { waitMs: 0, free: 10_000 }],
])('%s', (_name, pace, free, now, turn) => {
  expect(takeTurn(100, pace, free, now)).toEqual(turn);
});
