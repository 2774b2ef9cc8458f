import { expect, test } from '@jest/globals';
import { hourAt } from '@meterbridge/delivery';
import { useRedis, waitFor } from '@meterbridge/testing';
import { readAccount, readAudit } from '../src/index.js';
import { queueKeys } from '../src/keys/keys.js';
import { forgetSettledHours, startHourRetention } from '../src/ledger/forget-hours.js';
import { makeLines } from './pipeline-line.js';

const open = makeLines(() => suite);
const suite = useRedis();

const NOW = hourAt(Date.now());
const OLD = NOW - 91 * 24;

test('hours in which nothing is open are forgotten after ninety days; the totals keep them', async () => {
  const { destination, redis } = await open();
  const keys = queueKeys(destination);
  const buckets: [bucket: string, counts: Record<string, number>, isForgotten: boolean][] = [
    [`${OLD}/delivered`, { accepted: 6, delivered: 3, duplicate: 2, filtered: 1 }, true],
    [`${OLD}/only/filtered`, { accepted: 1, filtered: 1 }, true],
    [`${OLD}/discarded`, { accepted: 3, delivered: 1, dead: 0, discarded: 2 }, true],
    [`${OLD}/discarded-and-lost`, { accepted: 4, delivered: 1, discarded: 2 }, false],
    [`${OLD}/replayed-rejections`, { accepted: 0, dead: 0 }, true],
    [`${OLD}/dead`, { accepted: 5, delivered: 4, dead: 1 }, false],
    [`${OLD}/in-flight-or-lost`, { accepted: 5, delivered: 4 }, false],
    [`${OLD}/counted-twice`, { accepted: 4, delivered: 5 }, false],
    [`${OLD}/dead-and-counted-twice`, { accepted: 5, delivered: 5, dead: 1 }, false],
    [`${NOW - 89 * 24}/young`, { accepted: 1, delivered: 1 }, false],
    [`${NOW}/now`, { accepted: 1, delivered: 1 }, false],
  ];
  for (const [bucket, counts] of buckets) {
    for (const [count, by] of Object.entries(counts)) {
      await redis.hset(keys.hours, `${bucket}/${count}`, by);
      await redis.hincrby(keys.ledger, count, by);
    }
  }
  const before = await readAccount(destination, redis);
  expect(await forgetSettledHours(destination, redis)).toBe(4);
  expect(await forgetSettledHours(destination, redis)).toBe(0);
  const left = new Set(Object.keys(await redis.hgetall(keys.hours)).map((f) => f.replace(/\/\w+$/, '')));
  expect(left).toEqual(
    new Set(buckets.filter(([, , isForgotten]) => !isForgotten).map(([bucket]) => bucket)),
  );
  expect(await readAccount(destination, redis)).toEqual(before);
  const [rest] = await readAudit(destination, redis);
  expect(rest).toMatchObject({
    hour: null,
    accepted: 10,
    delivered: 4,
    duplicate: 2,
    filtered: 2,
    discarded: 2,
  });
});

test('many old hours are forgotten in portions, so that nobody waits for all of them', async () => {
  const { destination, redis } = await open();
  const { hours } = queueKeys(destination);
  const counts = { accepted: 2, delivered: 1, duplicate: 1 };
  const fields = Object.entries(counts);
  for (let hour = OLD - 1_000; hour < OLD; hour += 1) {
    await redis.hset(hours, Object.fromEntries(fields.map(([count, by]) => [`${hour}/s/${count}`, by])));
  }
  await redis.config('RESETSTAT');
  expect(await forgetSettledHours(destination, redis)).toBe(1_000);
  const stats = await redis.info('commandstats');
  const calls = (name: string) =>
    Number(new RegExp(`^cmdstat_${name}:calls=(\\d+)`, 'm').exec(stats)?.[1] ?? 0);
  // The others that look at the books of this suite's Redis ask for none of these.
  expect(calls('hgetall')).toBe(0);
  expect(calls('hscan')).toBeGreaterThanOrEqual(Math.floor((1_000 * fields.length) / 1_000));
  expect(calls('hdel') / calls('eval')).toBeLessThanOrEqual(100);
  expect(await redis.hlen(hours)).toBe(0);
});

test('a worker looks at every destination there ever was, configured or not', async () => {
  const { redis, destination, write } = await open();
  await write(1);
  const { hours } = queueKeys(destination);
  await redis.hset(hours, { [`${OLD}/backend/accepted`]: 1, [`${OLD}/backend/delivered`]: 1 });
  const bound = startHourRetention(redis);
  await waitFor(async () => (await redis.hget(hours, `${OLD}/backend/accepted`)) === null, {
    what: 'the hour to be forgotten',
  });
  expect(await redis.hget(hours, `${NOW}/backend/accepted`)).toBe('1');
  bound.stop();
});
