import { expect, test } from '@jest/globals';
import { median, medians, mostWithin, percentile } from './statistics.js';

test('a percentile is one of the values', () => {
  const values = Array.from({ length: 100 }, (_, n) => 100 - n);
  expect([0, 0.5, 0.95, 0.99, 1].map((share) => percentile(values, share))).toEqual([1, 50, 95, 99, 100]);
  expect(percentile([7], 0.99)).toBe(7);
  expect(percentile([], 0.5)).toBeNaN();
});

test('a median of an even number lies between two values', () => {
  expect([median([3, 1, 2]), median([4, 1, 2, 3])]).toEqual([2, 2.5]);
  expect(median([])).toBeNaN();
  expect(
    medians([
      { a: 1, b: 9 },
      { a: 5, b: 7 },
      { a: 3, b: 8 },
    ]),
  ).toEqual({ a: 3, b: 8 });
});

test('a window of a second holds its beginning and not its end', () => {
  expect(mostWithin([0, 999, 1_000, 1_001], 1_000)).toBe(3);
  expect(mostWithin([1_500, 0, 500], 1_000)).toBe(2);
  expect(mostWithin([], 1_000)).toBe(0);
});
