import { expect, test } from '@jest/globals';
import { startLimit } from './start-log.js';

test.each([
  ['a second and a little for a usual rate', 50, { starts: 50, windowMs: 1_015 }],
  ['the time of a single start for less than one a second', 0.5, { starts: 1, windowMs: 2_015 }],
  ['no list without end for what is hardly a limit', 1_000_000, { starts: 5_000, windowMs: 20 }],
])('%s', (_name, requestsPerSecond, limit) => {
  expect(startLimit(requestsPerSecond)).toEqual(limit);
});
