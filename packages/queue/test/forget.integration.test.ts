import { expect, test } from '@jest/globals';
import type { Outcome, StoredDelivery } from '@meterbridge/delivery';
import { useRedis, waitFor } from '@meterbridge/testing';
import {
  BooksRefusedError,
  deliveriesOf,
  type ForgetResult,
  forgetDeliveries,
  readDeadLetterLog,
  type StoredJob,
  walkJobs,
} from '../src/index.js';
import { queueKeys } from '../src/keys/keys.js';
import { longAgo } from './dead-line.js';
import { anEvent, delivered, makeLines } from './pipeline-line.js';

const openLine = makeLines(() => suite, longAgo);
const suite = useRedis();
type Line = Awaited<ReturnType<typeof openLine>>;

const RUN = { run: '1', what: 'forgotten', by: 'ops', person: 'digest' } as const;
const isOfAnn = ({ event }: StoredDelivery) => event.userId === 'ann';

/** A request of one event each of so many people, from two sources. */
function write({ writer, destination }: Line, ...people: string[]) {
  const events = people.map((userId, index) => ({
    source: index % 2 === 0 ? 'web' : 'backend',
    event: { ...anEvent(), userId },
    timeFromReceipt: false,
    routes: [{ destination, rules: ['usage'] }],
  }));
  return writer.commit(events, []);
}

async function jobsOf({ destination, redis }: Line): Promise<StoredJob[]> {
  const jobs: StoredJob[] = [];
  for await (const job of walkJobs(redis)) if (job.shard === destination) jobs.push(job);
  return jobs;
}

const usersIn = (job: StoredJob) => deliveriesOf(job).map(({ event }) => event.userId);

async function forgetAnn(line: Line): Promise<ForgetResult[]> {
  const results: ForgetResult[] = [];
  for (const job of await jobsOf(line)) {
    if (!deliveriesOf(job).some(isOfAnn)) continue;
    results.push(await forgetDeliveries(line.producer, job, isOfAnn, RUN));
  }
  return results;
}

async function expectToAddUp({ account, audit }: Line): Promise<void> {
  expect((await account()).difference).toBe(0);
  expect((await audit()).filter(({ difference }) => difference !== 0)).toEqual([]);
}

test('who waits is discarded, bucket by bucket, and the others are delivered', async () => {
  const sent: unknown[] = [];
  const line = await openLine(async (deliveries) => {
    sent.push(...deliveries.map(({ event }) => event.userId));
    return delivered(deliveries);
  });
  await write(line, 'ann', 'bob', 'bob', 'ann', 'ann');
  await write(line, 'ann');
  expect(await forgetAnn(line)).toEqual(['forgotten', 'forgotten']);
  expect(await line.account()).toMatchObject({ accepted: 6, discarded: 4, inFlight: 2, difference: 0 });
  expect(
    (await line.audit()).map(({ source, accepted, discarded }) => [source, accepted, discarded]).toSorted(),
  ).toEqual([
    ['backend', 2, 1],
    ['web', 4, 3],
  ]);
  await expectToAddUp(line);

  // The one job without anything in it ends as well.
  const worker = line.start();
  await line.settled();
  await waitFor(async () => (await jobsOf(line)).length === 0, { what: 'the jobs to end' });
  await worker.close();
  expect(sent).toEqual(['bob', 'bob']);
  await expectToAddUp(line);

  const [record, ...others] = await readDeadLetterLog(line.destination, line.redis);
  expect(record).toMatchObject({ ...RUN, letters: 0, deliveries: 4 });
  expect(others).toEqual([]);
});

test('what a worker has is left to it, and then taken where it was put back', async () => {
  const gate: { open?: (outcomes: Outcome[]) => void } = {};
  const line = await openLine(() => new Promise((resolve) => (gate.open = resolve)));
  await write(line, 'ann', 'bob');
  const worker = line.start();
  await waitFor(() => gate.open !== undefined, { what: 'the job to be tried' });
  const [inHand] = await jobsOf(line);
  expect(inHand!.isInHand).toBe(true);
  expect(await forgetAnn(line)).toEqual(['in hand']);
  const later: Outcome = { outcome: 'unsent', waitMs: 600_000 };
  gate.open!([later, later]);
  await worker.close();

  const [putBack] = await jobsOf(line);
  expect(putBack!.isInHand).toBe(false);
  expect(await forgetAnn(line)).toEqual(['forgotten']);
  expect((await jobsOf(line)).map(usersIn)).toEqual([['bob']]);
  await expectToAddUp(line);
  // What was read before that is another job's by now.
  expect(await forgetDeliveries(line.producer, putBack!, isOfAnn, RUN)).toBe('stale');
  await expectToAddUp(line);
});

test('jobs that are taken at the same moment: each delivery is sent or forgotten, and never both', async () => {
  const sent = new Set<string>();
  const line = await openLine(async (deliveries) => {
    for (const { event } of deliveries) sent.add(event.messageId);
    return delivered(deliveries);
  });
  for (let job = 0; job < 60; job++) await write(line, 'ann', 'bob', 'ann');
  const worker = line.start({ concurrency: 3 });
  await waitFor(() => sent.size > 0, { what: 'a job to be sent' });
  const results = new Set(await forgetAnn(line));
  const account = (await line.settled())!;
  await worker.close();
  expect([...results].every((result) => result !== 'stale')).toBe(true);
  expect(account).toMatchObject({ accepted: 180, difference: 0 });
  expect(sent.size).toBe(account.delivered);
  expect(account.delivered + account.discarded).toBe(180);
  await expectToAddUp(line);
});

test('a worker that was frozen past its lock settles nothing of a job that has changed since', async () => {
  let finish: ((outcomes: Outcome[]) => void) | undefined;
  const refused: string[] = [];
  const line = await openLine(() => new Promise((resolve) => (finish = resolve)), {
    onRefused: ({ result }) => refused.push(result),
  });
  await write(line, 'ann', 'bob');
  const worker = line.start();
  await waitFor(() => finish !== undefined, { what: 'the job to be tried' });
  const [job] = await jobsOf(line);
  await line.redis.del(`${queueKeys(line.destination).job(job!.jobId)}:lock`);
  expect(await forgetAnn(line)).toEqual(['forgotten']);
  finish!(delivered([1, 2] as unknown as StoredDelivery[]));
  await waitFor(() => refused.length > 0, { what: 'the settlement to be refused' });
  expect(refused).toEqual(['stale']);
  expect(await line.account()).toMatchObject({ delivered: 0, discarded: 1, inFlight: 1, difference: 0 });
  await worker.close();
});

test.each([
  ['n', '3'],
  ['cells', '{"400000/web":1,"400000/backend":1.5}'],
])('a job whose %s says %s, which it never held, is refused whole', async (field, value) => {
  const line = await openLine();
  await write(line, 'ann', 'bob');
  const [job] = await jobsOf(line);
  const key = queueKeys(line.destination).job(job!.jobId);
  await line.redis.hset(key, field, value);
  const before = await line.redis.hgetall(key);
  await expect(forgetAnn(line)).rejects.toThrow(BooksRefusedError);
  expect(await line.redis.hgetall(key)).toEqual(before);
  expect((await line.account()).discarded).toBe(0);
  expect(await readDeadLetterLog(line.destination, line.redis)).toEqual([]);
});
