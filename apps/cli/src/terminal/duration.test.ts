import { expect, test } from '@jest/globals';
import { duration } from './duration.js';

test.each([
  [0.005, '1 s'],
  [59.4, '59 s'],
  [59.6, '1 min 0 s'],
  [3_599, '59 min 59 s'],
  [3_600, '1 h 0 min'],
  [90_000, '1 d 1 h'],
  [200_000, '2 d 7 h'],
])('%p seconds are %s', (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});
