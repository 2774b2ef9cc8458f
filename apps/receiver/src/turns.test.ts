import { expect, test } from '@jest/globals';
import { Turns } from './turns.js';

test('a few requests may wait half done, and no more until one of them has left', () => {
  const turns = new Turns();
  const waiting = Array.from({ length: 8 }, () => turns.enter(1_000));
  expect(waiting.every(({ mayWait }) => mayWait)).toBe(true);
  const ninth = turns.enter(1_000);
  expect(ninth.mayWait).toBe(false);
  // It had no place to leave.
  ninth.leave();
  expect(turns.enter(1_000).mayWait).toBe(false);
  waiting[0]!.leave();
  expect(turns.enter(1_000).mayWait).toBe(true);
});

test('of the largest bodies one may wait, beside small ones', () => {
  const turns = new Turns();
  expect(turns.enter(50_000_000).mayWait).toBe(true);
  expect(turns.enter(50_000_000).mayWait).toBe(false);
  expect(turns.enter(50_000).mayWait).toBe(true);
});
