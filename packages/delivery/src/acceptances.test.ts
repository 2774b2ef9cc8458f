import { expect, test } from '@jest/globals';
import {
  type Acceptances,
  areAcceptedAround,
  believable,
  isBetween,
  isOver,
  mergeAcceptances,
  withAcceptance,
} from './acceptances.js';

const at = (...times: number[]): Acceptances =>
  times.reduce<Acceptances>((accepted, time) => withAcceptance(accepted, 'w', time), {});

test.each<[string, number[], object]>([
  ['one', [5_000], { since: 5_000, last: 5_000 }],
  ['those that follow each other within a minute', [0, 60_000, 119_000], { since: 0, last: 119_000 }],
  ['a longer gap begins anew', [0, 60_001], { since: 60_001, last: 60_001 }],
  ['one that is told late', [10_000, 4_000], { since: 4_000, last: 10_000 }],
])('a series of %s', (_what, times, series) => {
  expect(at(...times)).toEqual({ w: series });
});

test('what another clock wrote is not believed, and ends as soon as somebody is accepted', () => {
  const ahead = { w: { since: 0, last: 400_000 }, v: { since: 0, last: 104_000 } };
  expect(believable(ahead, 100_000)).toEqual({ v: ahead.v });
  expect(believable({ v: ahead.v }, 100_000)).toEqual({ v: ahead.v });
  expect(withAcceptance(ahead, 'w', 100_000).w).toEqual({ since: 100_000, last: 100_000 });
});

test('ways are kept apart', () => {
  expect(withAcceptance(at(1), 'other', 2)).toEqual({
    w: { since: 1, last: 1 },
    other: { since: 2, last: 2 },
  });
});

test.each<[string, Acceptances, Acceptances, object | undefined]>([
  ['nothing and something', {}, at(3), { since: 3, last: 3 }],
  ['two that touch', at(0, 9_000), at(9_500, 20_000), { since: 0, last: 20_000 }],
  ['one within the other', at(0, 50_000, 99_000), at(5_000), { since: 0, last: 99_000 }],
  ['two that do not touch: the later', at(0, 10_000), at(90_000), { since: 90_000, last: 90_000 }],
])('what two know: %s', (_what, one, other, series) => {
  expect(mergeAcceptances(one, other)).toEqual({ w: series });
  expect(mergeAcceptances(other, one)).toEqual({ w: series });
});

test.each<[string, number[], number, [boolean, boolean]]>([
  ['nobody', [], 1_000, [false, false]],
  ['before and after', [0, 2_000], 1_000, [true, true]],
  ['before only, a short time ago', [0, 500], 1_000, [false, true]],
  ['before only, five seconds ago', [0], 5_000, [false, true]],
  ['before only, longer ago', [0], 5_001, [false, false]],
  ['after only', [2_000], 1_000, [false, true]],
  ['at the very moment, nobody later', [1_000], 1_000, [false, true]],
  ['on both sides of an outage of more than a minute', [0, 61_000], 1_000, [false, true]],
])('accepted around a failure: %s', (_what, times, failedAt, [between, around]) => {
  const { w } = at(...times);
  expect([isBetween(w, failedAt), areAcceptedAround(w, failedAt)]).toEqual([between, around]);
});

test('it is over when nobody was accepted for more than a minute', () => {
  const { w } = at(0);
  expect([isOver(undefined, 0), isOver(w, 60_000), isOver(w, 60_001)]).toEqual([true, false, true]);
});
