import { expect, test } from '@jest/globals';
import { useRedis, waitFor } from '@meterbridge/testing';
import { makeTracks, sendAll } from './retrying-client.js';
import { useStack } from './run-stack.js';

const suite = useRedis();
const stacks = useStack(suite);

const REFUSED = 'What lies in Redis was written by a newer version: use version 9.9.9 or later.';

test('once a newer version has changed the form of the whole, what runs ends, and nothing starts', async () => {
  const stack = await stacks.open();
  const [receiver, worker] = await Promise.all([stack.startReady('receiver'), stack.startReady('worker')]);
  expect(await stack.redis.hget('meterbridge:formats', 'store')).toBe('1 0.1.0');
  await stack.redis.hset('meterbridge:formats', 'store', '99 9.9.9');
  for (const { process } of [receiver, worker]) {
    expect((await process.exited).code).toBe(1);
    expect(process.output()).toContain(REFUSED);
  }
  for (const each of [stack.start('receiver'), stack.start('worker'), stack.start('cli', ['status'])]) {
    expect((await each.exited).code).toBe(1);
    expect(each.output()).toContain(REFUSED);
  }
});

test('jobs of a newer version wait, and log, metrics and status say so', async () => {
  const stack = await stacks.open();
  const receiver = await stack.startReady('receiver');
  await sendAll(receiver.url, makeTracks(20));
  const { redis } = stack;
  const jobs = await redis.lrange('meterbridge:{lago}:deliveries:wait', 0, -1);
  for (const id of jobs) {
    const key = `meterbridge:{lago}:deliveries:${id}`;
    const data = JSON.parse((await redis.hget(key, 'data'))!) as object;
    await redis.hset(key, 'data', JSON.stringify({ ...data, format: 99 }));
  }
  await redis.hset('meterbridge:formats', 'job', '99 9.9.9');
  const worker = await stack.startReady('worker');
  await waitFor(async () => (await stack.account('lago')).jobs.delayed === jobs.length, {
    what: 'them put back',
  });
  await waitFor(async () => (await stack.account('hyperline')).delivered === 20, { what: 'the others' });
  expect(await stack.account('lago')).toMatchObject({ inFlight: 20, dead: 0, delivered: 0, difference: 0 });
  expect(worker.process.output()).toContain('"kind":"job","format":99,"msg":"record.newer"');
  const metrics = await (await fetch(`${worker.url}/metrics`)).text();
  expect(metrics).toContain(`meterbridge_newer_records_total{destination="lago",kind="job"} ${jobs.length}`);
  const { output } = await stack.cli('status');
  expect(output).toContain(
    'lago: deliveries wait, since their jobs were written by a newer version: use version 9.9.9 or later',
  );
});
