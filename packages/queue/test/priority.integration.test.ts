import { expect, test } from '@jest/globals';
import type { Outcome, StoredDelivery } from '@meterbridge/delivery';
import { useRedis, waitFor } from '@meterbridge/testing';
import { DeliveryWriter, PRIORITY, type Priority } from '../src/index.js';
import { queueKeys } from '../src/keys/keys.js';
import { anEvent, delivered, makeLines } from './pipeline-line.js';

const open = makeLines(() => suite);
const suite = useRedis();

/** A destination, and what puts jobs of one delivery each on its queue; the source says which they are. */
async function openQueue(attempt: (deliveries: StoredDelivery[]) => Promise<Outcome[]>) {
  const line = await open(attempt, { concurrency: 1 });
  const { destination, producer } = line;
  const add = async (source: string, priority: Priority, count = 1) => {
    const writer = new DeliveryWriter({
      redis: producer,
      destinations: [destination],
      batchSize: 1,
      priority,
    });
    const routes = [{ destination, rules: ['usage'] }];
    for (let i = 0; i < count; i += 1) {
      await writer.commit([{ source, event: anEvent(), timeFromReceipt: false, routes }], []);
    }
    await writer.close();
  };
  const bull = queueKeys(destination).bull;
  const held = () => line.redis.zcard(bull('prioritized'));
  return { ...line, add, bull, held };
}

const sourcesOf = (deliveries: StoredDelivery[]) => deliveries.map(({ source }) => source);

test('live events are taken before a replay, a replay before a backfill, whoever came first', async () => {
  const taken: string[] = [];
  const line = await openQueue(async (deliveries) => {
    taken.push(...sourcesOf(deliveries));
    return delivered(deliveries);
  });
  await line.add('backfill', PRIORITY.backfill, 3);
  await line.add('replay', PRIORITY.replay, 2);
  await line.add('live', PRIORITY.live, 2);
  expect(await line.held()).toBe(5);
  expect(await line.account()).toMatchObject({
    accepted: 7,
    inFlight: 7,
    difference: 0,
    jobs: { waiting: 7 },
  });
  expect(
    (await line.audit()).map(({ source, inFlight, difference }) => [source, inFlight, difference]),
  ).toEqual([
    ['backfill', 3, 0],
    ['live', 2, 0],
    ['replay', 2, 0],
  ]);
  const worker = line.start();
  expect(await line.settled()).toMatchObject({ delivered: 7, difference: 0, jobs: { waiting: 0 } });
  expect(taken).toEqual(['live', 'live', 'replay', 'replay', 'backfill', 'backfill', 'backfill']);
  await worker.close();
});

test.each<[string, Outcome]>([
  ['tried again later', { outcome: 'failed', code: 'timeout' }],
  ['handed back untried', { outcome: 'unsent' }],
])('a job that is %s is still behind the live ones', async (_how, first) => {
  const taken: string[] = [];
  let isFirst = true;
  let letFirstEnd = () => {};
  const line = await openQueue(async (deliveries) => {
    taken.push(...sourcesOf(deliveries));
    if (!isFirst) return delivered(deliveries);
    isFirst = false;
    await new Promise<void>((resolve) => {
      letFirstEnd = resolve;
    });
    return deliveries.map(() => first);
  });
  await line.add('backfill', PRIORITY.backfill);
  const worker = line.start();
  await waitFor(() => taken.length === 1, { what: 'the job to be taken' });
  await line.add('live', PRIORITY.live, 20);
  letFirstEnd();
  expect(await line.settled()).toMatchObject({ delivered: 21, difference: 0 });
  // A millisecond or so later, where it is delayed: what is due goes to its own place, not to the front.
  expect(taken).toEqual(['backfill', ...Array(20).fill('live'), 'backfill']);
  await worker.close();
});

test('a job whose worker vanished is recovered like any other, and nothing is counted twice', async () => {
  const line = await openQueue(async (deliveries) => delivered(deliveries));
  await line.add('backfill', PRIORITY.backfill, 2);
  // As a worker leaves it that took a job and was killed, once its lock has run out.
  const [jobId] = await line.redis.zpopmin(line.bull('prioritized'));
  await line.redis.lpush(line.bull('active'), jobId!);
  await line.redis.sadd(line.bull('stalled'), jobId!);
  expect(await line.account()).toMatchObject({ inFlight: 2, jobs: { waiting: 1, active: 1 }, difference: 0 });
  const stalled: string[] = [];
  const worker = line.start({ onProblem: (code) => stalled.push(code) });
  expect(await line.settled()).toMatchObject({ accepted: 2, delivered: 2, difference: 0 });
  expect(stalled).toEqual(['stalled']);
  await worker.close();
});
