import { expect, test } from '@jest/globals';
import { restartDelayMs } from './child.js';

test.each([
  { name: 'its first end', livedMs: 300, lastDelayMs: 0, delayMs: 500 },
  { name: 'an end at its second start', livedMs: 300, lastDelayMs: 500, delayMs: 1_000 },
  { name: 'an end at each start', livedMs: 9_999, lastDelayMs: 16_000, delayMs: 30_000 },
  { name: 'never later than that', livedMs: 300, lastDelayMs: 30_000, delayMs: 30_000 },
  { name: 'one that had run', livedMs: 10_000, lastDelayMs: 30_000, delayMs: 500 },
])('$name: started again after $delayMs ms', ({ livedMs, lastDelayMs, delayMs }) => {
  expect(restartDelayMs(livedMs, lastDelayMs)).toBe(delayMs);
});
