import { afterAll, expect, test } from '@jest/globals';
import { useRedis } from '@meterbridge/testing';
import type { Redis } from 'ioredis';
import { BackfillPositions, connectProducer, type FilePosition } from '../src/index.js';

const clients: Redis[] = [];
afterAll(() => {
  for (const client of clients) client.disconnect();
});
const suite = useRedis();

const at = (line: number, isDone = false): FilePosition => ({ line, isDone, stamp: '5 bytes' });

test('are there for the next run of the same, and for no other', async () => {
  const redis = suite.connect();
  const first = new BackfillPositions(redis, 'a');
  expect(await first.read()).toEqual(new Map());
  expect(await first.save('x', at(10))).toBe(true);
  expect(await first.save('x', at(20))).toBe(true);
  expect(await first.save('y', at(7, true))).toBe(true);
  const next = new BackfillPositions(redis, 'a');
  expect(await next.read()).toEqual(
    new Map([
      ['x', at(20)],
      ['y', at(7, true)],
    ]),
  );
  expect(await next.save('x', at(30))).toBe(true);
  expect(await new BackfillPositions(redis, 'b').read()).toEqual(new Map());
  await next.forget();
  expect(await next.read()).toEqual(new Map());
});

test('say no where Redis went back, or another process writes them, and not where an answer was lost', async () => {
  const redis = suite.connect();
  const one = new BackfillPositions(redis, 'c');
  const other = new BackfillPositions(redis, 'c');
  await one.save('x', at(1));
  expect(await other.save('x', at(2))).toBe(false);
  // It was kept, and nobody told: the same again is no other.
  await other.read();
  await other.save('x', at(5));
  expect(await one.save('x', at(5))).toBe(true);
  await redis.flushall();
  expect(await one.save('x', at(6))).toBe(false);
});

test('a Redis that cannot take them is told apart', async () => {
  const redis = connectProducer(suite.url, () => {});
  clients.push(redis);
  await new Promise((resolve) => redis.once('ready', resolve));
  const positions = new BackfillPositions(redis, 'd');
  await positions.save('x', at(1));
  await suite.connect().config('SET', 'maxmemory', '1');
  await expect(positions.save('x', at(2))).rejects.toMatchObject({ code: 'store_full' });
  await suite.connect().config('SET', 'maxmemory', '0');
  expect(await positions.save('x', at(2))).toBe(true);
  await suite.redis.kill('SIGKILL');
  await expect(positions.save('x', at(3))).rejects.toMatchObject({ code: 'store_unavailable' });
  await suite.redis.restart();
});
