import { test } from '@jest/globals';
import { waitFor } from '@meterbridge/testing';
import { type RedisWay, useRedisWays } from '../../queue/test/redis-way.js';
import { useReplicatedRedis } from '../../queue/test/replicated-redis.js';
import { expectWithinRate, type LimiterProcess, useLimiterProcesses } from './limiter-processes.js';

const startProcess = useLimiterProcesses();
const openWay = useRedisWays();
const redis = useReplicatedRedis();
const RATE = 100;
let way: RedisWay;
let processes: LimiterProcess[];
let names = 0;

/** Each process starts this many more jobs. */
async function goOn(count: number, what: string): Promise<void> {
  const before = processes.map(({ starts }) => starts.length);
  await waitFor(() => processes.every(({ starts }, index) => starts.length >= before[index]! + count), {
    what,
  });
}

async function startTwo(): Promise<void> {
  way = await openWay((await redis.master()).redis.port);
  const options = { id: `failover-${++names}`, requestsPerSecond: RATE, concurrency: 4, redisUrl: way.url };
  processes = [startProcess(options), startProcess(options)];
  await goOn(20, 'both at work');
}

test.each([
  ['old connections are cut', () => way.cut()],
  ['old connections stay open to the one that is a replica now', () => {}],
])('after a failover where %s, all go on within the rate', async (_name, cutOrNot) => {
  await startTwo();
  way.leadTo((await redis.failOver()).redis.port);
  cutOrNot();
  await goOn(50, 'both to go on');
  expectWithinRate(processes, RATE);
});

test('where the way is gone and nobody is told, all go on within the rate', async () => {
  await startTwo();
  way.silence();
  await goOn(50, 'both to go on');
  expectWithinRate(processes, RATE);
});

test('where Redis is suddenly far away, all go on', async () => {
  await startTwo();
  way.delay(30);
  // Each takes a turn in three round trips then, one after another: some ten a second.
  await goOn(40, 'both to go on');
});

test('where the new master has a clock that is minutes behind, all go on at once', async () => {
  await startTwo();
  // What a clock that is set back makes of what is written: times that are far away.
  const client = (await redis.master()).connect();
  const id = `b_meterbridge:{failover-${names}}`;
  const ahead = Date.now() + 180_000;
  await client.hset(`${id}_settings`, 'nextRequest', ahead);
  const starts = await client.llen(`${id}_starts`);
  await client.del(`${id}_starts`);
  await client.rpush(
    `${id}_starts`,
    ...Array.from({ length: starts }, (_, index) => ahead - 20 * index).reverse(),
  );
  await goOn(50, 'both to go on');
  expectWithinRate(processes, RATE);
});
