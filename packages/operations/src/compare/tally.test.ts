import { expect, test } from '@jest/globals';
import type { Verdict } from './compare-judged.js';
import { countIn, emptyTally, isWorse } from './tally.js';

test('counts by destination and reason, and keeps a few of each reason', () => {
  const tally = emptyTally<number>();
  const whys = ['a', 'a', 'a', 'b', 'constructor'];
  for (const [n, why] of whys.entries()) {
    countIn(tally, { destination: 'lago', verdict: 'still failing' }, why, 2, () => n);
  }
  countIn(tally, { destination: 'hyperline', verdict: 'filtered' }, '', 2, () => 99);
  expect(tally.total).toMatchObject({ 'still failing': 5, filtered: 1, 'newly delivered': 0 });
  expect(tally.byDestination.lago).toMatchObject({ 'still failing': 5, filtered: 0 });
  expect(tally.byDestination.hyperline).toMatchObject({ 'still failing': 0, filtered: 1 });
  expect(tally.reasons).toEqual({ 'still failing': { a: 3, b: 1, constructor: 1 }, filtered: { '': 1 } });
  expect(tally.samples).toEqual({ 'still failing': [0, 1, 3, 4] });
});

test('a destination may be called constructor', () => {
  const tally = emptyTally<number>();
  countIn(tally, { destination: 'constructor', verdict: 'filtered' }, '', 2, () => 0);
  expect(tally.byDestination.constructor).toMatchObject({ filtered: 1, 'newly delivered': 0 });
});

test('is bounded, however many reasons events make up, and counts all the same', () => {
  const tally = emptyTally<string>();
  for (let n = 0; n < 5_000; n += 1) {
    countIn(tally, { destination: 'lago', verdict: 'newly failing' }, `properties.p${n}`, 2, () => 'x');
  }
  const reasons = tally.reasons['newly failing']!;
  expect(Object.keys(reasons).length).toBeLessThanOrEqual(1_001);
  expect(Object.values(reasons).reduce((sum, count) => sum + count, 0)).toBe(5_000);
  expect(tally.samples['newly failing']!.length).toBeLessThanOrEqual(30);
});

test.each<[Verdict, boolean]>([
  ['newly delivered', false],
  ['changed', false],
  ['still failing', false],
  ['no longer failing', false],
  ['newly failing', true],
  ['no longer delivered', true],
])('%s is worse than before: %p', (verdict, worse) => {
  const tally = emptyTally<string>();
  countIn(tally, { destination: 'lago', verdict }, '', 1, () => '');
  expect(isWorse(tally)).toBe(worse);
});
