import { afterAll, afterEach, expect, jest, test } from '@jest/globals';
import { useRedis, waitFor } from '@meterbridge/testing';
import { connectConsumer, createStoreClock, type StoreClock } from '../src/index.js';

const closing: (() => unknown)[] = [];
afterEach(() => {
  jest.restoreAllMocks();
});
afterAll(() => {
  for (const close of closing.reverse()) close();
});
const suite = useRedis();

const MINUTES = 60_000;
/** Half of what a question takes on a busy machine. */
const CLOSE_MS = 500;

function open(): StoreClock {
  const redis = connectConsumer(suite.url, () => {});
  const clock = createStoreClock(redis);
  closing.push(() => {
    clock.stop();
    redis.disconnect();
  });
  return clock;
}

/** How far a clock is from Redis', in milliseconds. */
async function errorOf(clock: StoreClock): Promise<number> {
  const before = clock.now();
  const [seconds, microseconds] = await suite.connect().time();
  const storeMs = Number(seconds) * 1_000 + Number(microseconds) / 1_000;
  if (storeMs < before) return before - storeMs;
  return Math.max(0, storeMs - clock.now());
}

test.each([
  ['ahead', 3 * MINUTES],
  ['behind', -3 * MINUTES],
])('tells the time of Redis on a machine whose clock is minutes %s', async (_name, wrongByMs) => {
  const rightNow = Date.now;
  jest.spyOn(Date, 'now').mockImplementation(() => rightNow() + wrongByMs);
  const clock = open();
  expect(Math.abs(clock.now() - rightNow() - wrongByMs)).toBeLessThan(1_000);
  await clock.synchronize();
  expect(await errorOf(clock)).toBeLessThan(CLOSE_MS);
});

test('goes on where the machine is set to another time, Redis away or not', async () => {
  const clock = open();
  await clock.synchronize();
  const rightNow = Date.now;
  jest.spyOn(Date, 'now').mockImplementation(() => rightNow() + 5 * MINUTES);
  expect(await errorOf(clock)).toBeLessThan(CLOSE_MS);
  await suite.redis.kill('SIGKILL');
  const began = clock.now();
  const later = clock.synchronize();
  await waitFor(() => clock.now() >= began + 500, { what: 'the clock to go on' });
  await suite.redis.restart();
  await later;
  expect(await errorOf(clock)).toBeLessThan(CLOSE_MS);
});
