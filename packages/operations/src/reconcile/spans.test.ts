import { expect, test } from '@jest/globals';
import { countWithin, halve, planSpans, portionsOf } from './spans.js';

const HOUR = 3_600_000;
const at = (hours: number) => hours * HOUR;
const count = (hour: number, usages: number, code = 'a') => ({ hour, code, usages });

test.each([
  ['each booked hour alone', [count(10, 5), count(11, 7)], [10, 12], ['10-11:5', '11-12:7']],
  [
    'what lies between as one',
    [count(10, 5), count(14, 7)],
    [8, 20],
    ['8-10:0', '10-11:5', '11-14:0', '14-15:7', '15-20:0'],
  ],
  ['no further than the span', [count(10, 5), count(11, 7)], [10.5, 11.5], ['10.5-11:5', '11-11.5:7']],
  ['nothing booked', [], [10, 13], ['10-13:0']],
  ['in any order', [count(11, 7), count(10, 5)], [10, 12], ['10-11:5', '11-12:7']],
])('spans: %s', (_what, counts, [from, to], spans) => {
  const planned = planSpans(counts, ['a'], { from: at(from!), to: at(to!) });
  expect(planned.map(({ span, booked }) => `${span.from / HOUR}-${span.to / HOUR}:${booked}`)).toEqual(spans);
});

test('codes have spans of their own, also where nothing of them is booked', () => {
  const planned = planSpans([count(10, 5, 'b')], ['a', 'b'], { from: at(10), to: at(12) });
  expect(planned.map(({ code, span, booked }) => [code, span.from / HOUR, booked])).toEqual([
    ['a', 10, 0],
    ['b', 10, 5],
    ['b', 11, 0],
  ]);
});

test('portions end at multiples of their length, and together are the span', () => {
  const portions = portionsOf({ from: at(5), to: at(50) }, at(24));
  expect(portions.map(({ from, to }) => [from / HOUR, to / HOUR])).toEqual([
    [5, 24],
    [24, 48],
    [48, 50],
  ]);
  expect(portionsOf({ from: 5, to: 5 }, 10)).toEqual([]);
});

test.each([
  [
    { from: 0, to: 10 },
    [
      { from: 0, to: 5 },
      { from: 5, to: 10 },
    ],
  ],
  [
    { from: 3, to: 5 },
    [
      { from: 3, to: 4 },
      { from: 4, to: 5 },
    ],
  ],
  [{ from: 3, to: 4 }, null],
])('%o is halved, down to a millisecond', (span, halves) => {
  expect(halve(span)).toEqual(halves);
});

test.each([
  [{ from: 0, to: 10 }, 5],
  [{ from: 2, to: 3 }, 2],
  [{ from: 3, to: 9 }, 1],
  [{ from: 9, to: 10 }, 1],
  [{ from: 10, to: 99 }, 0],
])('within %o are %i of the times', (span, expected) => {
  expect(countWithin([1, 2, 2, 5, 9], span)).toBe(expected);
});
