import { expect, test } from '@jest/globals';
import { useRedis } from '@meterbridge/testing';
import { getOrSetFirstTimes } from '../src/index.js';

const suite = useRedis();
const HOUR_MS = 3_600_000;
const FIRST = '2026-08-01T00:00:00.000Z';
const LATER = '2026-08-01T01:00:00.000Z';

test('a first time is kept for six hours from its first look on, which later looks neither prolong nor shorten', async () => {
  const redis = suite.connect();
  const look = (timestamp: string) =>
    getOrSetFirstTimes(redis, [{ source: 'backend', messageId: 'm1', timestamp }], 0);
  expect(await look(FIRST)).toEqual([FIRST]);
  const keys = await redis.keys('meterbridge:{times}:*');
  expect(keys).toHaveLength(1);
  const leftMs = () => redis.pttl(keys[0]!);
  expect(await leftMs()).toBeGreaterThan(5.9 * HOUR_MS);
  expect(await leftMs()).toBeLessThanOrEqual(6 * HOUR_MS);

  // Two hours later, and eight if somebody prolonged it.
  for (const hours of [4, 8]) {
    await redis.pexpire(keys[0]!, hours * HOUR_MS);
    expect(await look(LATER)).toEqual([FIRST]);
    expect(await leftMs()).toBeGreaterThan((hours - 0.1) * HOUR_MS);
    expect(await leftMs()).toBeLessThanOrEqual(hours * HOUR_MS);
  }
});

test('each source and each event has a time of its own, and one that is forgotten is kept anew', async () => {
  const redis = suite.connect();
  await redis.flushall();
  const of = (source: string, messageId: string, timestamp: string) => ({ source, messageId, timestamp });
  expect(
    await getOrSetFirstTimes(redis, [of('a', 'm1', FIRST), of('b', 'm1', LATER), of('a', 'm2', LATER)], 0),
  ).toEqual([FIRST, LATER, LATER]);
  expect(await getOrSetFirstTimes(redis, [of('a', 'm2', FIRST), of('a', 'm1', LATER)], 0)).toEqual([
    LATER,
    FIRST,
  ]);
  await redis.flushall();
  expect(await getOrSetFirstTimes(redis, [of('a', 'm1', LATER)], 0)).toEqual([LATER]);
});
