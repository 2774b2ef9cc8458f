import { expect, test } from '@jest/globals';
import { type SuiteRedis, useClosing, useRedis, waitFor } from '@meterbridge/testing';
import { delivered, makeLines } from './pipeline-line.js';
import { type RedisWay, useRedisWays } from './redis-way.js';

const closing = useClosing();
let way: RedisWay;
const open = makeLines(() => ({ url: way.url }) as SuiteRedis);
const openWay = useRedisWays();
const suite = useRedis();

test('a worker that waits for jobs on a way that is gone finds them on a new one', async () => {
  way = await openWay(suite.redis.port);
  const line = await open();
  const worker = line.start();
  closing.push(() => worker.close());
  await line.write(1);
  await line.settled();
  way.silence();
  await waitFor(() => line.write(10).then(() => true), { what: 'the receiver to go on' });
  await waitFor(async () => (await line.account()).delivered === 11, { what: 'the delivery' });
  expect(await line.account()).toMatchObject({ difference: 0, dead: 0, inFlight: 0 });
});

test('a worker with jobs in hand settles them, and tries none of them twice', async () => {
  way = await openWay(suite.redis.port);
  let attempted = 0;
  let answer = () => {};
  const answered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const line = await open(async (deliveries) => {
    attempted += deliveries.length;
    await answered;
    return delivered(deliveries);
  });
  const worker = line.start();
  closing.push(() => worker.close());
  await Promise.all([line.write(10), line.write(10)]);
  await waitFor(() => attempted === 20, { what: 'the attempts' });
  way.silence();
  answer();
  await waitFor(async () => (await line.account()).delivered === 20, { what: 'the settlement' });
  expect(await line.account()).toMatchObject({ difference: 0, duplicate: 0, inFlight: 0 });
  expect(attempted).toBe(20);
});
