import { describe, expect, test } from '@jest/globals';
import type { Outcome, StoredDelivery } from '@meterbridge/delivery';
import { useClosing, useRedis, waitFor } from '@meterbridge/testing';
import { connectConsumer, type DeliveryWorkerOptions, type Refused } from '../src/index.js';
import { queueKeys } from '../src/keys/keys.js';
import { delivered, makeLines } from './pipeline-line.js';
import { type RedisWay, useRedisWays } from './redis-way.js';

const closing = useClosing();
const open = makeLines(() => suite, { batchSize: 100 });
const openWay = useRedisWays();
const suite = useRedis();

type Line = Awaited<ReturnType<typeof open>>;

/** Short, so that the tests are: nothing here depends on how long it is. */
const LOCK_MS = 500;

/** A promise and what resolves it. */
function latch() {
  let release = (): void => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  return { released, release };
}

const failed = (deliveries: StoredDelivery[]): Outcome[] =>
  deliveries.map(() => ({ outcome: 'failed', code: 'server_error', status: 503 }));
const unsent = (deliveries: StoredDelivery[]): Outcome[] => deliveries.map(() => ({ outcome: 'unsent' }));

/** A worker that reaches Redis by a way of its own. */
async function startOnWay(line: Line, more: Partial<DeliveryWorkerOptions> = {}) {
  const way = await openWay(suite.redis.port);
  const redis = connectConsumer(way.url, () => {});
  const refused: Refused[] = [];
  const worker = line.start({
    redis,
    lockMs: LOCK_MS,
    concurrency: 20,
    onRefused: (each) => refused.push(each),
    ...more,
  });
  let isClosed = false;
  const close = async () => {
    if (isClosed) return;
    isClosed = true;
    await worker.close();
    redis.disconnect();
  };
  closing.push(close);
  return { way, refused, close };
}

async function jobsIn(line: Line, list: 'active' | 'wait'): Promise<string[]> {
  return line.redis.lrange(queueKeys(line.destination).bull(list), 0, -1);
}

/** Redis is away for these workers until every lock has run out, and back until every job has changed hands. */
async function loseLocks(line: Line, ways: RedisWay[], jobs: number): Promise<void> {
  const { job } = queueKeys(line.destination);
  const ids = await jobsIn(line, 'active');
  expect(ids).toHaveLength(jobs);
  for (const way of ways) way.refuse(true);
  const locks = ids.map((id) => `${job(id)}:lock`);
  await waitFor(async () => (await line.redis.exists(...locks)) === 0, { what: 'the locks to run out' });
  for (const way of ways) way.refuse(false);
  await waitFor(
    async () => {
      const stalls = await Promise.all(ids.map((id) => line.redis.hget(job(id), 'stc')));
      return stalls.every((count) => Number(count) > 0) && (await jobsIn(line, 'active')).length === jobs;
    },
    { what: 'the jobs to be in other hands' },
  );
}

/** One job whose first hand has lost it, and whose second waits until its trial may begin. */
async function changeHands(line: Line, mayBegin: Promise<void>) {
  await line.write(100);
  const whenOpen = () => mayBegin.then(() => () => {});
  const started = await startOnWay(line, { whenOpen });
  await waitFor(async () => (await jobsIn(line, 'active')).length === 1, { what: 'it to be in hand' });
  await loseLocks(line, [started.way], 1);
  return started;
}

/** Puts the one job that is in hand back, as BullMQ does with what has no lock, while its hand goes on. */
async function takeFromHand(line: Line): Promise<string> {
  await waitFor(async () => (await jobsIn(line, 'active')).length === 1, { what: 'it to be in hand' });
  const [id] = await jobsIn(line, 'active');
  const { bull } = queueKeys(line.destination);
  await line.redis.multi().lrem(bull('active'), 1, id!).rpush(bull('wait'), id!).exec();
  return id!;
}

describe('a lock that ran out loses nothing', () => {
  test('when a drained worker puts back what another has, held, in its hands', async () => {
    const [drain, resume] = [latch(), latch()];
    const whenOpen = () => resume.released.then(() => () => {});
    const hold =
      (end: Promise<void>, outcomes: typeof unsent): DeliveryWorkerOptions['attempt'] =>
      async (deliveries, how) => {
        if (!how?.first) await end;
        return how?.first ? delivered(deliveries) : outcomes(deliveries);
      };
    const line = await open();
    await line.write(1_000);
    const drained = await startOnWay(line, { whenOpen, attempt: hold(drain.released, unsent) });
    const other = await startOnWay(line, { whenOpen, attempt: hold(resume.released, delivered) });
    await waitFor(async () => (await jobsIn(line, 'active')).length === 10, { what: 'all to be in hand' });

    await loseLocks(line, [drained.way, other.way], 10);
    drain.release();
    resume.release();
    await drained.close();
    expect(await line.settled()).toMatchObject({ accepted: 1_000, delivered: 1_000, difference: 0 });
  });

  test('when its first hand comes back with a failure that the second does not know of', async () => {
    const [answer, resume] = [latch(), latch()];
    const line = await open(async (deliveries, how) => {
      if (how?.first) return delivered(deliveries);
      await answer.released;
      return failed(deliveries);
    });
    const { refused } = await changeHands(line, resume.released);
    const [id] = await jobsIn(line, 'active');
    const revision = () => line.redis.hget(queueKeys(line.destination).job(id!), 'rev');
    answer.release();
    await waitFor(revision, { what: 'the first hand to write' });
    resume.release();
    expect(await line.settled()).toMatchObject({ accepted: 100, delivered: 100, difference: 0 });
    expect(refused).toEqual([{ jobId: id, result: 'stale', hand: expect.stringContaining(':') }]);
  });

  test('when its first hand delivers all of it, and the second finds nothing left', async () => {
    const [answer, resume] = [latch(), latch()];
    const line = await open(async (deliveries) => {
      await answer.released;
      return delivered(deliveries);
    });
    const { refused } = await changeHands(line, resume.released);
    answer.release();
    expect(await line.settled()).toMatchObject({ accepted: 100, delivered: 100, difference: 0 });
    resume.release();
    await waitFor(() => refused.length > 0, { what: 'the second hand to let go' });
    expect(refused).toMatchObject([{ result: 'gone' }]);
    expect(await line.account()).toMatchObject({ delivered: 100, difference: 0, jobs: { active: 0 } });
  });

  test('when nobody has taken it again yet: it ends in the next hand', async () => {
    const answer = latch();
    const line = await open(async (deliveries) => {
      await answer.released;
      return delivered(deliveries);
    });
    await line.write(100);
    const first = await startOnWay(line, { concurrency: 1, deliveries: 1 });
    await waitFor(async () => (await jobsIn(line, 'active')).length === 1, { what: 'it to be in hand' });
    const keys = queueKeys(line.destination);
    await line.redis.hset(keys.bull('meta'), 'paused', 1);
    const id = await takeFromHand(line);
    answer.release();
    await waitFor(async () => (await line.account()).delivered === 100, { what: 'the settlement' });
    expect(await line.account()).toMatchObject({ inFlight: 0, difference: 0, jobs: { waiting: 1 } });
    // And a marker, as BullMQ sets one with what it puts back: a worker that waits takes it at once.
    await line.redis.multi().hdel(keys.bull('meta'), 'paused').zadd(keys.bull('marker'), 0, '0').exec();
    await waitFor(async () => (await line.redis.exists(keys.job(id))) === 0, { what: 'its end' });
    expect(await line.account()).toMatchObject({ delivered: 100, difference: 0, jobs: { waiting: 0 } });
    await first.close();
  });
});

describe('a lock that ran out, and the same hand takes the job again', () => {
  test('when it was all delivered: it ends, and is not taken in circles', async () => {
    const answer = latch();
    const line = await open(async (deliveries) => {
      await answer.released;
      return delivered(deliveries);
    });
    await line.write(100);
    const { close } = await startOnWay(line, { concurrency: 1, deliveries: 1 });
    const id = await takeFromHand(line);
    answer.release();
    const { job } = queueKeys(line.destination);
    await waitFor(async () => (await line.redis.exists(job(id))) === 0, { what: 'its end' });
    await close();
    expect(await line.account()).toMatchObject({ delivered: 100, difference: 0, jobs: { active: 0 } });
  });

  test('when some is left: the first turn does not put back what the second has', async () => {
    const [answer, end] = [latch(), latch()];
    let turns = 0;
    const line = await open(async (deliveries) => {
      turns += 1;
      if (turns === 1) {
        await answer.released;
        return failed(deliveries);
      }
      await end.released;
      return delivered(deliveries);
    });
    await line.write(100);
    await startOnWay(line, { concurrency: 1, deliveries: 1 });
    const id = await takeFromHand(line);
    answer.release();
    await waitFor(() => turns === 2, { what: 'its second turn' });
    // Another job is given a chance to be the one that is taken next, and none is: the only hand has this one.
    await line.write(100);
    const active = await jobsIn(line, 'active');
    end.release();
    expect(active).toEqual([id]);
    expect(await line.settled()).toMatchObject({ accepted: 200, delivered: 200, difference: 0 });
    expect(turns).toBe(3);
  });
});

describe('a job ends in its settlement', () => {
  test('and leaves no key behind that stays', async () => {
    const line = await open();
    await line.write(250);
    const worker = line.start();
    await line.settled();
    await worker.close();
    const { job } = queueKeys(line.destination);
    const left = (await line.redis.keys(`${job('b')}*`)).sort();
    expect(left).toEqual(left.filter((key) => key.endsWith(':ended')));
    expect(left).toHaveLength(3);
    for (const key of left) expect(await line.redis.ttl(key)).toBeGreaterThan(0);
  });

  test('also where its answer was lost, and it is sent again', async () => {
    const line = await open(async (deliveries) => {
      for (const way of ways) way.swallowAnswers();
      return delivered(deliveries);
    });
    const ways: RedisWay[] = [];
    await line.write(100);
    const settlements: number[] = [];
    const { way, refused } = await startOnWay(line, {
      lockMs: 10_000,
      onSettled: ({ delivered: count }) => settlements.push(count),
    });
    ways.push(way);
    expect(await line.settled()).toMatchObject({ delivered: 100, difference: 0 });
    await waitFor(() => settlements.length > 0, { what: 'the worker to know' });
    expect(settlements).toEqual([100]);
    expect(refused).toEqual([]);
  });

  test('and costs two round trips: one for itself, one for the next job', async () => {
    const line = await open();
    for (let job = 0; job < 100; job++) await line.write(10);
    const monitor = await suite.connect().monitor();
    closing.push(() => monitor.disconnect());
    let commands = 0;
    let isSeen = false;
    monitor.on('monitor', (_at: string, args: string[], source: string) => {
      if (args[1] === 'seen') isSeen = true;
      const isOurs = source !== 'lua' && args.some((argument) => argument.includes(`{${line.destination}}`));
      if (isOurs && !isSeen) commands += 1;
    });
    let settled = 0;
    const worker = line.start({
      onSettled: () => {
        settled += 1;
      },
    });
    await waitFor(() => settled === 100, { what: 'all of them' });
    await worker.close();
    await line.redis.get('seen');
    await waitFor(() => isSeen, { what: 'all commands to be told' });
    // And what opens and closes a worker.
    expect(commands).toBeLessThan(2 * 100 + 20);
  });
});
