import { expect, test } from '@jest/globals';
import { useClosing, useRedis, waitFor } from '@meterbridge/testing';
import { Queue, Worker } from 'bullmq';
import { patchWorker } from '../src/bullmq/worker-patches.js';
import { connectConsumer } from '../src/index.js';

const closing = useClosing();
const suite = useRedis();

/** A queue with one job, and a worker whose processor does not keep to what ours promises. */
async function open(name: string, work: () => Promise<void>) {
  const redis = connectConsumer(suite.url, () => {});
  const queue = new Queue(name, { connection: redis });
  await queue.add('batch', {}, { jobId: 'b1', removeOnComplete: true, removeOnFail: true });
  const errors: string[] = [];
  const worker = new Worker(name, work, { connection: redis, autorun: false });
  patchWorker(worker, new WeakMap());
  worker.on('error', ({ message }) => errors.push(message));
  void worker.run();
  closing.push(async () => {
    await worker.close(true);
    await queue.close();
    redis.disconnect();
  });
  return { queue, errors };
}

test.each([
  ['returns', async () => {}],
  ['throws', () => Promise.reject(new Error('a bug'))],
])('BullMQ ends no job by itself, whose processor %s', async (how, work) => {
  const { queue, errors } = await open(`patched-${how}`, work);
  await waitFor(() => errors.includes('a job ends only in its settlement'), { what: 'the refusal' });
  expect(await queue.getJobCounts('active', 'completed', 'failed')).toEqual({
    active: 1,
    completed: 0,
    failed: 0,
  });
  expect(await queue.getJob('b1')).toBeDefined();
});
