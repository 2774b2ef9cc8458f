import { expect, test } from '@jest/globals';
import { type Goal, isFarOff, isReached } from './benchmark.js';

test.each<[Goal, boolean, boolean]>([
  [{ what: 'at its goal', value: 20, atLeast: 20 }, true, false],
  [{ what: 'a little below', value: 19.9, atLeast: 20 }, false, false],
  [{ what: 'below half', value: 9.9, atLeast: 20 }, false, true],
  [{ what: 'at the most', value: 50, atMost: 50 }, true, false],
  [{ what: 'one over', value: 51, atMost: 50 }, false, false],
  [{ what: 'more than twice', value: 101, atMost: 50 }, false, true],
  [{ what: 'a slow machine', value: 101, atMost: 50, isOfMachine: true }, false, false],
  [{ what: 'no number', value: Number.NaN, atLeast: 1 }, false, true],
  [{ what: 'no number', value: Number.NaN, atMost: 1 }, false, true],
])('%j', (goal, reached, farOff) => {
  expect([isReached(goal), isFarOff(goal)]).toEqual([reached, farOff]);
});
