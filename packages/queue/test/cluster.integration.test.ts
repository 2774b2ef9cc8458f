import { expect, test } from '@jest/globals';
import { type SuiteRedis, useClosing, useCluster } from '@meterbridge/testing';
import {
  createStoreClock,
  deliveriesOf,
  forgetDeliveries,
  inspectRedis,
  readMemory,
  rewriteAppendOnlyFiles,
  walkJobs,
} from '../src/index.js';
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

test('jobs of all its servers are walked over and changed, and each server writes its file anew', async () => {
  const lines = await Promise.all(Array.from({ length: 6 }, () => open()));
  for (const line of lines) await line.write(2);
  const { redis, producer } = lines[0]!;
  const run = { run: '1', what: 'forgotten', by: 'ops' } as const;
  const shards = new Set<string>();
  for await (const job of walkJobs(redis)) {
    const [first] = deliveriesOf(job);
    const isFirst = ({ event }: { event: { messageId: string } }) =>
      event.messageId === first?.event.messageId;
    expect(await forgetDeliveries(producer, job, isFirst, run)).toBe('forgotten');
    shards.add(job.shard);
  }
  expect([...shards].toSorted()).toEqual(lines.map(({ destination }) => destination).toSorted());
  for (const line of lines) {
    expect(await line.account()).toMatchObject({ accepted: 2, discarded: 1, inFlight: 1, difference: 0 });
  }
  const files = await rewriteAppendOnlyFiles(producer);
  expect(new Set(files.map(({ server }) => server)).size).toBeGreaterThan(1);
  expect(files.every(({ result }) => result === 'started')).toBe(true);
});
