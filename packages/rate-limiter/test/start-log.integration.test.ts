import { expect, test } from '@jest/globals';
import { useRedis, waitFor } from '@meterbridge/testing';
import type { Redis } from 'ioredis';
import { createRateLimiter } from '../src/index.js';
import { createStartLog, limiterName, startLimit, startsKey } from '../src/start-log.js';

const suite = useRedis();
const LIMIT = startLimit(50);
let names = 0;

/** A start log of an account that nobody has used; `waitsMs` is how long Redis told it to wait, each time it asked. */
function openLog() {
  const client = suite.connect();
  const name = limiterName(`${suite.prefix}-${++names}`);
  const waitsMs: number[] = [];
  const watched = {
    async eval(...args: Parameters<Redis['eval']>) {
      const answer = await client.eval(...args);
      if (args[2] === startsKey(name)) waitsMs.push((answer as [number, string])[0]);
      return answer;
    },
  } as unknown as Redis;
  return { client, key: startsKey(name), waitsMs, log: createStartLog(watched, name, LIMIT) };
}

async function timeMs(client: Redis): Promise<number> {
  const [seconds, micros] = (await client.time()) as unknown as [number, number];
  return Number(seconds) * 1_000 + Number(micros) / 1_000;
}

/** Until a window has passed since the list was begun, by Redis' clock. */
async function untilWindowPassed(client: Redis, key: string): Promise<void> {
  await waitFor(async () => Number(await client.lindex(key, -1)) + LIMIT.windowMs < (await timeMs(client)), {
    what: 'a window to pass',
  });
}

test('on a Redis that knows of no starts the first one waits for a window, since there may have been any', async () => {
  const { log, waitsMs } = openLog();
  await log.awaitStart();
  expect(waitsMs[0]).toBeGreaterThan(LIMIT.windowMs - 100);
});

test('nor does the first start wait less where the limit was said a moment before', async () => {
  const { log, client, key, waitsMs } = openLog();
  await log.sayLimit();
  const begun = Number(await client.lindex(key, 0));
  await log.awaitStart();
  expect(Number(await client.lindex(key, -1)) - begun).toBeGreaterThanOrEqual(LIMIT.windowMs);
  expect(waitsMs.length).toBeGreaterThan(1);
});

test('where the limit was said a window before, the first start does not wait', async () => {
  const { log, client, key, waitsMs } = openLog();
  await log.sayLimit();
  await untilWindowPassed(client, key);
  await log.awaitStart();
  expect(waitsMs.filter((ms) => ms > 0)).toEqual([]);
});

test('what is said again changes nothing of the starts that Redis knows', async () => {
  const { log, client, key } = openLog();
  await log.sayLimit();
  await untilWindowPassed(client, key);
  await log.awaitStart();
  const known = await client.lrange(key, 0, -1);
  await log.sayLimit();
  expect(await client.lrange(key, 0, -1)).toEqual(known);
});

test('after a flush the window counts as used up from the next word on, also where nothing was to be sent', async () => {
  const { log, client, key, waitsMs } = openLog();
  await log.sayLimit();
  await untilWindowPassed(client, key);
  await client.flushall();
  await log.sayLimit();
  await log.awaitStart();
  expect(Math.max(...waitsMs)).toBeGreaterThan(0);
});

test('a limiter has the window pass before anything is to be done, also after Redis was flushed and restarted', async () => {
  const { client, key } = openLog();
  const id = `${suite.prefix}-${names}`;
  const limiter = createRateLimiter({ id, requestsPerSecond: 50, concurrency: 1, redisUrl: suite.url });
  const isCounted = async () => (await client.llen(key)) === LIMIT.starts;
  try {
    await waitFor(isCounted, { what: 'the starts to be counted' });
    await client.flushall();
    await suite.redis.kill('SIGKILL');
    await suite.redis.restart();
    await waitFor(isCounted, { what: 'the starts to be counted again' });
    await expect(limiter.schedule(async () => 'served')).resolves.toBe('served');
  } finally {
    await limiter.close();
  }
});
