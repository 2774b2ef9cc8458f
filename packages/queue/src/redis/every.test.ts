import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { every } from './every.js';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

test('a round is left out while the one before is still at it, and one that failed is followed by another', async () => {
  const ends: ((error?: Error) => void)[] = [];
  const rounds = every(
    100,
    () => new Promise<void>((resolve, reject) => ends.push((e) => (e ? reject(e) : resolve()))),
  );
  await jest.advanceTimersByTimeAsync(350);
  expect(ends).toHaveLength(1);
  ends[0]!(new Error('away'));
  await jest.advanceTimersByTimeAsync(100);
  expect(ends).toHaveLength(2);
  ends[1]!();
  await jest.advanceTimersByTimeAsync(100);
  expect(ends).toHaveLength(3);
  rounds.stop();
  ends[2]!();
  await jest.advanceTimersByTimeAsync(500);
  expect(ends).toHaveLength(3);
});
