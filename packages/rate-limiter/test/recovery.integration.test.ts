import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { RateLimiter } from '@meterbridge/delivery';
import { useRedis, waitFor } from '@meterbridge/testing';
import { createRateLimiter, type LimiterProblem } from '../src/index.js';

const suite = useRedis();
let limiters: RateLimiter[];
let problems: LimiterProblem[];
let names = 0;

beforeEach(() => {
  limiters = [];
  problems = [];
  names += 1;
});

afterEach(async () => {
  for (const limiter of limiters) await limiter.close();
});

function make(): RateLimiter {
  const limiter = createRateLimiter({
    id: `${suite.prefix}-${names}`,
    requestsPerSecond: 100,
    concurrency: 4,
    redisUrl: suite.url,
    onProblem: (problem) => problems.push(problem),
  });
  limiters.push(limiter);
  return limiter;
}

/** Schedules numbered jobs and says how often each one ran. */
function scheduleAll(count: number) {
  const ran = new Map<number, number>();
  const done = Promise.all(
    Array.from({ length: count }, (_, job) =>
      limiters[job % limiters.length]!.schedule(async () => {
        ran.set(job, (ran.get(job) ?? 0) + 1);
      }),
    ),
  );
  return { ran, done };
}

function expectEachOnce(ran: Map<number, number>, count: number): void {
  expect(ran.size).toBe(count);
  expect([...ran.values()].every((times) => times === 1)).toBe(true);
}

test('goes on after Redis has forgotten its clients', async () => {
  make();
  make();
  const { ran, done } = scheduleAll(200);
  const client = suite.connect();
  await waitFor(() => ran.size > 20, { what: 'the first jobs' });
  const [seen] = await client.keys(`b_meterbridge:{${suite.prefix}-${names}}_client_last_seen`);
  expect(await client.zcard(seen!)).toBeGreaterThanOrEqual(2);
  await client.del(seen!);
  await done;
  expectEachOnce(ran, 200);
  expect(problems).toContain('slots_lost');
});

test('goes on after Redis was flushed, again and again', async () => {
  make();
  make();
  const { ran, done } = scheduleAll(300);
  const client = suite.connect();
  for (const started of [20, 100, 200]) {
    await waitFor(() => ran.size > started, { what: `${started} jobs` });
    await client.flushall();
  }
  await done;
  expectEachOnce(ran, 300);
});

test('goes on after Redis was flushed while nothing was to do', async () => {
  const limiter = make();
  await limiter.schedule(async () => {});
  await suite.connect().flushall();
  await expect(limiter.schedule(async () => 'served')).resolves.toBe('served');
});

test('waits while Redis is away, tells it once, and goes on when it is back', async () => {
  make();
  make();
  const { ran, done } = scheduleAll(200);
  await waitFor(() => ran.size > 20, { what: 'the first jobs' });
  await suite.redis.kill('SIGKILL');
  await waitFor(() => problems.length >= 2, { what: 'both limiters to notice' });
  const before = ran.size;
  await suite.redis.restart();
  await done;
  expectEachOnce(ran, 200);
  expect(before).toBeLessThan(200);
  expect(problems.filter((problem) => problem === 'redis_unreachable')).toHaveLength(2);
});

test('starts while Redis is away, and serves once it comes', async () => {
  await suite.redis.kill('SIGKILL');
  const served = make().schedule(async () => 'served');
  await waitFor(() => problems.length > 0, { what: 'the limiter to notice' });
  await suite.redis.restart();
  await expect(served).resolves.toBe('served');
});

test('closes at once while Redis is away', async () => {
  const limiter = make();
  await limiter.schedule(async () => {});
  await suite.redis.kill('SIGKILL');
  const waiting = limiter.schedule(async () => 'never');
  const outcome = expect(waiting).rejects.toMatchObject({ code: 'limiter_closed' });
  await limiter.close();
  await outcome;
  await suite.redis.restart();
});

test('goes on after Redis was full', async () => {
  const client = suite.connect();
  const limiter = make();
  await limiter.schedule(async () => {});
  await client.config('SET', 'maxmemory', '1');
  const served = limiter.schedule(async () => 'served');
  await waitFor(() => problems.includes('slots_lost'), { what: 'a refused script' });
  await client.config('SET', 'maxmemory', '0');
  await expect(served).resolves.toBe('served');
});

/** A process of its own would be the real thing; a thread has an event loop of its own, which is enough. */
const STALLING_THREAD = `
  const { workerData, parentPort } = require('node:worker_threads');
  const { setTimeout: sleep } = require('node:timers/promises');
  (async () => {
    const { createRateLimiter } = await import(workerData.module);
    const limiter = createRateLimiter(workerData.options);
    let ran = 0;
    const jobs = (count) =>
      Promise.all(Array.from({ length: count }, () => limiter.schedule(async () => { ran += 1; })));
    await jobs(10);
    await sleep(200);
    const begun = jobs(workerData.inFlight);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 11_000);
    await begun;
    await jobs(50);
    await limiter.close();
    parentPort.postMessage(ran);
  })();
`;

test('goes on after its event loop stood still for eleven seconds', async () => {
  const account = { id: `${suite.prefix}-${names}`, requestsPerSecond: 100, concurrency: 4 };
  const module = new URL('../dist/index.js', import.meta.url).href;
  const threads = [0, 20].map((inFlight) => {
    const workerData = { module, inFlight, options: { ...account, redisUrl: suite.url } };
    return new Worker(STALLING_THREAD, { eval: true, workerData });
  });
  // Somebody else is at work meanwhile: their calls are what makes Redis look for silent clients.
  const other = make();
  let ran: number[] | undefined;
  const received = Promise.all(threads.map((thread) => once(thread, 'message'))).then((messages) => {
    ran = messages.map(([count]) => count);
  });
  while (!ran) await other.schedule(async () => {});
  await received;
  expect(ran).toEqual([60, 80]);
  await Promise.all(threads.map((thread) => thread.terminate()));
});
