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
