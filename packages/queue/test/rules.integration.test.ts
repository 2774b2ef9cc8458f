import { expect, test } from '@jest/globals';
import { DEFAULT_RETRY_POLICY, type Outcome, type StoredDelivery } from '@meterbridge/delivery';
import { useClosing, useRedis, waitFor } from '@meterbridge/testing';
import {
  type BatchData,
  type DeliveryWorkerOptions,
  keepRules,
  readRules,
  ShardReplay,
} from '../src/index.js';
import { queueKeys } from '../src/keys/keys.js';
import { takeTurnBack } from '../src/work/settle.js';
import { anEvent, delivered, makeLines } from './pipeline-line.js';

const closing = useClosing();
const open = makeLines(() => suite, { batchSize: 10 });
const suite = useRedis();

type Line = Awaited<ReturnType<typeof open>>;

/** A failure after which nobody knows whether the API has the event. */
const lost: Outcome = { outcome: 'failed', code: 'timeout', usage: '{}' };
/** One before anything was sent. */
const notFound: Outcome = { outcome: 'failed', code: 'timeout', detail: 'reading the subscription' };
const unsent: Outcome = { outcome: 'unsent' };

/** A destination whose events were routed by `v1`, and what each attempt was given. */
async function openLine(attempt: (at: number, deliveries: StoredDelivery[]) => Outcome[]) {
  const attempts: (string | undefined)[][] = [];
  const jobs: BatchData[] = [];
  const line: Line = await open(
    async (deliveries) => {
      attempts.push(deliveries.map(({ sentUnder }) => sentUnder));
      jobs.push(await jobOf(line));
      return attempt(attempts.length, deliveries);
    },
    {},
    { rules: new Map([[`dest-${++lines}`, { version: 'v1' }]]) },
  );
  expect(line.destination).toBe(`dest-${lines}`);
  await line.write(2);
  return { line, attempts, jobs };
}
let lines = 0;

async function idOf({ redis, destination }: Line): Promise<string> {
  const { bull } = queueKeys(destination);
  const ids = await Promise.all([
    redis.lrange(bull('wait'), 0, -1),
    redis.lrange(bull('active'), 0, -1),
    redis.zrange(bull('delayed'), '0', '-1'),
  ]);
  return ids.flat()[0]!;
}

async function jobOf(line: Line): Promise<BatchData> {
  const text = await line.redis.hget(queueKeys(line.destination).job(await idOf(line)), 'data');
  return JSON.parse(text!) as BatchData;
}

/** Runs until the job has been tried so often and is back, as a worker with these rules. */
async function run(line: Line, rules: string, more: Partial<DeliveryWorkerOptions> = {}) {
  const worker = line.start({ rules, ...more });
  closing.push(() => worker.close());
  return worker;
}

test('a job names the rules it was routed by, and nothing is written where the worker has the same', async () => {
  const { line, attempts, jobs } = await openLine((_at, deliveries) => delivered(deliveries));
  await run(line, 'v1');
  await line.settled();
  expect(attempts).toEqual([[undefined, undefined]]);
  expect(jobs).toMatchObject([{ rules: 'v1', rev: '0' }]);
});

test('a worker with other rules names them in the job before it sends', async () => {
  const { line, jobs } = await openLine((_at, deliveries) => delivered(deliveries));
  await run(line, 'v2');
  await line.settled();
  expect(jobs).toMatchObject([{ rules: 'v2', rev: expect.not.stringMatching(/^0$/) }]);
});

test('what may have arrived keeps the rules it was sent under, its neighbours follow those of now', async () => {
  const { line, attempts } = await openLine((at, deliveries) =>
    at === 1 ? [lost, notFound] : delivered(deliveries),
  );
  const first = await run(line, 'v1', { policy: { ...DEFAULT_RETRY_POLICY, baseMs: 1_000, maxMs: 1_000 } });
  await waitFor(async () => (await line.account()).jobs.delayed === 1, { what: 'the failure' });
  await first.close();
  await run(line, 'v2');
  expect(await line.settled()).toMatchObject({ delivered: 2, difference: 0 });
  expect(attempts).toEqual([
    [undefined, undefined],
    ['v1', undefined],
  ]);
});

test('a turn that left no word counts as sent, under the rules that the job names', async () => {
  const { line, attempts } = await openLine((_at, deliveries) => delivered(deliveries));
  // As if a worker had taken it and was killed.
  await line.redis.hset(queueKeys(line.destination).job(await idOf(line)), 'ats', 1);
  await run(line, 'v2');
  await line.settled();
  expect(attempts).toEqual([['v1', 'v1']]);
});

test('a worker that named its rules and was killed may have sent by them', async () => {
  let release = (): void => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { line, attempts } = await openLine((_at, deliveries) => delivered(deliveries));
  let isSent = false;
  await run(line, 'v2', {
    concurrency: 1,
    attempt: async () => {
      isSent = true;
      await released;
      return [lost, lost];
    },
  });
  closing.push(() => release());
  await waitFor(() => isSent, { what: 'it to be sent' });
  // As BullMQ does with the job of a worker that is gone.
  const { bull, job } = queueKeys(line.destination);
  const id = await idOf(line);
  const transaction = line.redis.multi().del(`${job(id)}:lock`);
  await transaction.lrem(bull('active'), 1, id).rpush(bull('wait'), id).exec();
  await run(line, 'v3');
  expect(await line.settled()).toMatchObject({ delivered: 2, difference: 0 });
  expect(attempts).toEqual([['v2', 'v2']]);
});

test('a turn in which nothing was sent is taken back: the rules of then are those of now', async () => {
  const { line, attempts } = await openLine((at, deliveries) =>
    at === 1 ? [unsent, unsent] : delivered(deliveries),
  );
  let isDone = false;
  const first = await run(line, 'v1', {
    attempt: async () => {
      isDone = true;
      return [unsent, unsent];
    },
  });
  await waitFor(() => isDone, { what: 'the turn' });
  await first.close();
  await run(line, 'v2');
  await line.settled();
  expect(attempts.at(-1)).toEqual([undefined, undefined]);
});

test('what a hand has sent that lost its job is in doubt for the next, whatever the other hand has settled', async () => {
  let answer = (): void => {};
  const answered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const { line, attempts } = await openLine((_at, deliveries) => delivered(deliveries));
  let isSent = false;
  await run(line, 'v1', {
    attempt: async (deliveries) => {
      if (isSent) {
        attempts.push(deliveries.map(({ sentUnder }) => sentUnder));
        return delivered(deliveries);
      }
      isSent = true;
      await answered;
      return [lost, lost];
    },
  });
  await waitFor(() => isSent, { what: 'the first to send' });
  // The other hand had it meanwhile, and wrote that it has sent nothing in its turn, the second.
  const job = queueKeys(line.destination).job(await idOf(line));
  const data = { ...(await jobOf(line)), rev: 'other', turns: 2 };
  await line.redis.hset(job, 'data', JSON.stringify(data), 'rev', 'other', 'ats', 2);
  answer();
  expect(await line.settled()).toMatchObject({ delivered: 2, difference: 0 });
  expect(attempts).toEqual([['v1', 'v1']]);
});

test('a turn is taken back once, and only by the hand that holds the job', async () => {
  const { line } = await openLine((_at, deliveries) => delivered(deliveries));
  const keys = queueKeys(line.destination);
  const jobId = await idOf(line);
  const turns = async () => Number(await line.redis.hget(keys.job(jobId), 'ats'));
  await line.redis.hset(keys.job(jobId), 'ats', 3);
  await line.redis.set(`${keys.job(jobId)}:lock`, 'mine');
  await takeTurnBack(line.redis, keys, { jobId, token: 'another', turn: 3 });
  expect(await turns()).toBe(3);
  await takeTurnBack(line.redis, keys, { jobId, token: 'mine', turn: 2 });
  expect(await turns()).toBe(3);
  for (let time = 0; time < 2; time++) {
    await takeTurnBack(line.redis, keys, { jobId, token: 'mine', turn: 3 });
    expect(await turns()).toBe(2);
  }
});

test('versions of rules are kept, and found by name', async () => {
  const { redis } = await open();
  lines += 1;
  await keepRules(redis, 'lago', { version: 'v1', text: '{"rules":1}' });
  await keepRules(redis, 'lago', { version: 'v1', text: '{"rules":1}' });
  expect(await readRules(redis, 'lago', 'v1')).toBe('{"rules":1}');
  expect(await readRules(redis, 'lago', 'v2')).toBeNull();
  expect(await readRules(redis, 'hyperline', 'v1')).toBeNull();
});

/** A job that a replay has put on the queue, whose plan was shown with `planned`, and what each attempt was told. */
async function openReplayed(attempt: (at: number, deliveries: StoredDelivery[]) => Outcome[]) {
  const told: (string | undefined)[] = [];
  const line = await open(async (deliveries, { rules }) => {
    told.push(rules);
    return attempt(told.length, deliveries);
  });
  const lane = new ShardReplay(line.destination, '1', line.redis, 'planned');
  closing.push(() => lane.close());
  const deliveries = [1, 2].map(() => ({
    rule: 'usage',
    source: 'backend',
    event: anEvent(),
    hour: 400_000,
  }));
  expect(await lane.apply({ deliveries })).toBe(true);
  return { line, told };
}

test("what a replay has put back is mapped by its plan's rules, whoever takes it and however often", async () => {
  const { line, told } = await openReplayed((at, deliveries) =>
    at < 3 ? [notFound, notFound] : delivered(deliveries),
  );
  const first = await run(line, 'v1');
  await waitFor(() => told.length >= 1, { what: 'the first attempt' });
  await first.close();
  await run(line, 'v2');
  await line.settled();
  expect(told).toEqual(['planned', 'planned', 'planned']);
});

test('what of it may have arrived keeps the rules of its plan, and so does what a killed worker had', async () => {
  const sent: (string | undefined)[][] = [];
  const { line } = await openReplayed((at, deliveries) => {
    sent.push(deliveries.map(({ sentUnder }) => sentUnder));
    return at === 1 ? [lost, notFound] : delivered(deliveries);
  });
  await run(line, 'v1');
  await line.settled();
  expect(sent).toEqual([
    [undefined, undefined],
    ['planned', undefined],
  ]);

  const killed = await openReplayed((_at, deliveries) => {
    sent.push(deliveries.map(({ sentUnder }) => sentUnder));
    return delivered(deliveries);
  });
  const { bull, job } = queueKeys(killed.line.destination);
  const [id] = await killed.line.redis.zrange(bull('prioritized'), '0', '0');
  await killed.line.redis.hset(job(id!), 'ats', 1);
  await run(killed.line, 'v1');
  await killed.line.settled();
  expect(sent.at(-1)).toEqual(['planned', 'planned']);
});
