import { expect, test } from '@jest/globals';
import { type SuiteRedis, useClosing, useCluster } from '@meterbridge/testing';
import { createStoreClock, inspectRedis, readMemory } from '../src/index.js';
import { makeLines } from './pipeline-line.js';

const closing = useClosing();
const open = makeLines(() => suite as unknown as SuiteRedis);
const suite = useCluster();

test('one shard goes from the writer to the worker', async () => {
  const line = await open();
  const worker = line.start();
  closing.push(() => worker.close());
  await Promise.all(Array.from({ length: 20 }, () => line.write(10)));
  await line.settled();
  expect(await line.account()).toMatchObject({ accepted: 200, delivered: 200, difference: 0, inFlight: 0 });
  const clock = createStoreClock(line.producer);
  closing.push(() => clock.stop());
  await clock.synchronize();
  expect(Math.abs(clock.now() - Date.now())).toBeLessThan(1_000);
  expect((await inspectRedis(line.redis)).map(({ what, level }) => [what, level])).toEqual([
    ['version', 'ok'],
    ['persistence', 'ok'],
    ['fsync', 'ok'],
    ['eviction', 'ok'],
    ['memory', 'warn'],
  ]);
  expect((await readMemory(line.redis))!.usedBytes).toBeGreaterThan(0);
});
