import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { RateLimiter } from '@meterbridge/delivery';
import { useRedis, waitFor } from '@meterbridge/testing';
import { createRateLimiter, LimiterClosedError, type RateLimiterOptions } from '../src/index.js';
import { mostWithin } from './limiter-processes.js';
import { watchStarts } from './watch-starts.js';

const suite = useRedis();
const open: RateLimiter[] = [];
let names = 0;

afterEach(async () => {
  for (const limiter of open.splice(0)) await limiter.close();
});

function make(options: RateLimiterOptions): RateLimiter {
  const limiter = createRateLimiter(options);
  open.push(limiter);
  return limiter;
}

function freshId(): string {
  names += 1;
  return `${suite.prefix}-${names}`;
}

/** Schedules jobs that note when they started, and waits for all of them. */
async function startTimes(limiters: RateLimiter[], jobsEach: number): Promise<number[]> {
  const starts: number[] = [];
  const jobs = limiters.flatMap((limiter) =>
    Array.from({ length: jobsEach }, () => limiter.schedule(async () => starts.push(performance.now()))),
  );
  await Promise.all(jobs);
  return starts.toSorted((a, b) => a - b);
}

const stores: [string, (options: Partial<RateLimiterOptions>) => RateLimiter][] = [
  ['in memory', (options) => make({ id: freshId(), concurrency: 4, ...options })],
  ['through Redis', (options) => make({ id: freshId(), concurrency: 4, redisUrl: suite.url, ...options })],
];

describe.each(stores)('a limiter %s', (_store, makeOne) => {
  test('gives back what the job gives, and its own error', async () => {
    const limiter = makeOne({ requestsPerSecond: 200 });
    await expect(limiter.schedule(async () => 'answer')).resolves.toBe('answer');
    const error = new Error('of the job');
    await expect(limiter.schedule(() => Promise.reject(error))).rejects.toBe(error);
    await expect(limiter.schedule(async () => 'after')).resolves.toBe('after');
  });

  test.each([
    ['with a rate', 500],
    ['without one', undefined],
  ])('runs no more jobs at once than its concurrency, %s', async (_name, requestsPerSecond) => {
    const limiter = makeOne({ concurrency: 3, ...(requestsPerSecond ? { requestsPerSecond } : {}) });
    let running = 0;
    let most = 0;
    const job = async () => {
      running += 1;
      most = Math.max(most, running);
      await sleep(20);
      running -= 1;
    };
    await Promise.all(Array.from({ length: 12 }, () => limiter.schedule(job)));
    expect(most).toBe(3);
  });

  test('keeps the rate and never bursts', async () => {
    const began = performance.now();
    const starts = await startTimes([makeOne({ requestsPerSecond: 50 })], 40);
    // 39 gaps of 20 ms. A busy machine may start late what waits already, the first as well, never more than that.
    expect(starts.at(-1)! - began).toBeGreaterThan(39 * 20 - 20);
    expect(mostWithin(starts, 200)).toBeLessThanOrEqual(11 + 4);
  });

  test.each([
    ['of those that wait for another to end', { concurrency: 1, requestsPerSecond: 200 }],
    ['of those that wait for the rate', { concurrency: 8, requestsPerSecond: 20 }],
  ])('the least priority goes first, and equals as they came, %s', async (_, options) => {
    const limiter = makeOne(options);
    const order: string[] = [];
    const run = (name: string, priority?: number) =>
      limiter.schedule(async () => void order.push(name), priority);
    // Until it is there, whoever comes may be first.
    await run('before');
    await Promise.all([
      run('plan 1', 3),
      run('plan 2', 3),
      run('compare', 1),
      run('look up 1'),
      run('look up 2'),
    ]);
    expect(order).toEqual(['before', 'look up 1', 'look up 2', 'compare', 'plan 1', 'plan 2']);
  });

  test('when closed, rejects what has not started and leaves alone what has', async () => {
    const limiter = makeOne({ requestsPerSecond: 2, concurrency: 2 });
    let finish = () => {};
    const started = new Promise<void>((resolve) => {
      finish = resolve;
    });
    let isRunning = false;
    const first = limiter.schedule(() => {
      isRunning = true;
      return started;
    });
    await waitFor(() => isRunning, { what: 'the first job' });
    const waiting = [1, 2, 3].map(() => limiter.schedule(async () => 'never'));
    const outcomes = Promise.allSettled(waiting);
    await limiter.close();
    expect(await outcomes).toEqual(
      waiting.map(() => ({ status: 'rejected', reason: expect.any(LimiterClosedError) })),
    );
    await expect(limiter.schedule(async () => 'late')).rejects.toBeInstanceOf(LimiterClosedError);
    finish();
    await expect(first).resolves.toBeUndefined();
  });
});

test('three limiters of one account share one rate', async () => {
  const id = freshId();
  const account = { id, requestsPerSecond: 50, concurrency: 4, redisUrl: suite.url };
  const granted = await watchStarts(suite.connect());
  const began = performance.now();
  const starts = await startTimes([make(account), make(account), make(account)], 30);
  expect(starts).toHaveLength(90);
  expect(starts.at(-1)! - began).toBeGreaterThan(89 * 20 - 20);
  await waitFor(() => granted(id).length >= 90, { what: 'the last of them to be read along' });
  expect(mostWithin(granted(id), 1_000)).toBeLessThanOrEqual(50);
});

test('limiters of different accounts do not wait for each other', async () => {
  const slow = make({ id: freshId(), requestsPerSecond: 0.5, concurrency: 1, redisUrl: suite.url });
  await slow.schedule(async () => {});
  void slow.schedule(async () => {}).catch(() => {});
  const fast = make({ id: freshId(), requestsPerSecond: 100, concurrency: 1, redisUrl: suite.url });
  await expect(fast.schedule(async () => 'at once')).resolves.toBe('at once');
});

test('a rate that was changed in the configuration takes the place of the one in Redis', async () => {
  const id = freshId();
  const before = make({ id, requestsPerSecond: 1, concurrency: 1, redisUrl: suite.url });
  await before.schedule(async () => {});
  await before.close();
  const after = make({ id, requestsPerSecond: 100, concurrency: 4, redisUrl: suite.url });
  const starts = await startTimes([after], 20);
  // At the rate of before they would take nineteen.
  expect(starts.at(-1)! - starts[0]!).toBeLessThan(15_000);
});

test('of two limits that processes have for one account the lower holds for both, until its last process is gone', async () => {
  const id = freshId();
  const account = { id, concurrency: 4, redisUrl: suite.url };
  const [lower, higher] = [
    make({ ...account, requestsPerSecond: 10 }),
    make({ ...account, requestsPerSecond: 200 }),
  ];
  await lower.schedule(async () => {});
  const granted = await watchStarts(suite.connect());
  await startTimes([higher], 25);
  await waitFor(() => granted(id).length >= 25, { what: 'the last of them to be read along' });
  expect(mostWithin(granted(id), 1_000)).toBeLessThanOrEqual(10);
  await lower.close();
  const next = make({ ...account, requestsPerSecond: 200 });
  const isFree = async () => {
    const starts = await startTimes([higher, next], 15);
    return starts.at(-1)! - starts[0]! < 2_800;
  };
  // 30 starts are at least 2.9 seconds at the lower limit. The turns are as quick again with the next word of each process.
  await waitFor(isFree, { what: 'the higher limit' });
});
