import { expect, test } from '@jest/globals';
import { FORMATS, NewerFormatError } from '@meterbridge/delivery';
import { useClosing, useRedis, waitFor } from '@meterbridge/testing';
import type { Redis } from 'ioredis';
import {
  assertKnownStore,
  type BatchData,
  createReplay,
  deliveriesOf,
  findDeadLetter,
  findReplay,
  keepNewerRecords,
  listReplays,
  readDeadLetters,
  readFormats,
  readJob,
  readNewerRecords,
  readNewestWaiting,
  readProcesses,
  rewriteReplays,
  tellFormats,
  UnsafeRedisError,
  watchFormats,
} from '../src/index.js';
import { queueKeys } from '../src/keys/keys.js';
import { delivered, makeLines } from './pipeline-line.js';

const closing = useClosing();
const open = makeLines(() => suite, { batchSize: 10 });
const suite = useRedis();

/** Beyond any that this version will read. */
const NEWER = 99;

/** Makes a waiting job one of a newer version, as that would have written it. @returns its id */
async function makeNewer(redis: Redis, destination: string): Promise<string> {
  const { bull, job } = queueKeys(destination);
  const [id] = await redis.lrange(bull('wait'), -1, -1);
  const data = JSON.parse((await redis.hget(job(id!), 'data'))!) as BatchData;
  await redis.hset(job(id!), 'data', JSON.stringify({ ...data, format: NEWER, z: 'in a form of its own' }));
  return id!;
}

test('a job of a newer version stays as it is, and what waits beside it is delivered', async () => {
  const sent: (string | undefined)[] = [];
  const met: { jobId: string; format: number }[] = [];
  const line = await open(
    async (deliveries) => {
      sent.push(...deliveries.map(({ sentUnder }) => sentUnder));
      return delivered(deliveries);
    },
    { onNewer: (newer) => met.push(newer), rules: 'v1' },
    { rules: new Map([[`dest-1`, { version: 'v1' }]]) },
  );
  const { redis, destination } = line;
  await line.write(10);
  const { job, bull } = queueKeys(destination);
  const before = await redis.hget(job((await redis.lrange(bull('wait'), 0, 0))[0]!), 'data');
  const id = await makeNewer(redis, destination);
  const newer = await redis.hget(job(id), 'data');
  await line.write(10);
  await line.write(10);

  const worker = line.start();
  closing.push(() => worker.close());
  await waitFor(async () => (await line.account()).delivered === 20, { what: 'the others' });
  await waitFor(async () => (await line.account()).jobs.delayed === 1, { what: 'it to be put back' });
  expect(met).toEqual([{ jobId: id, format: NEWER }]);
  expect(await line.account()).toMatchObject({ accepted: 30, inFlight: 10, dead: 0, difference: 0 });
  expect((await line.audit()).every(({ difference }) => difference === 0)).toBe(true);
  const kept = await redis.hmget(job(id), 'data', 'rev', 'ats');
  expect([kept[0], kept[2]]).toEqual([newer, '0']);
  // It comes back soon, and not at once.
  const waits = Number(await redis.hget(job(id), 'delay'));
  expect(waits).toBeGreaterThan(10_000);
  // Those who only look pass it over, or say that they cannot read it.
  expect(await readNewestWaiting(destination, redis, 10)).toEqual([]);
  const stored = await readJob(redis, destination, id);
  expect(() => deliveriesOf(stored!)).toThrow(NewerFormatError);

  // A version that reads it sends all of it, as what was never sent.
  await redis.hset(job(id), 'data', before!);
  await redis.zadd(bull('delayed'), 0, id);
  const next = line.start();
  closing.push(() => next.close());
  await line.settled();
  expect(sent).toHaveLength(30);
  expect(new Set(sent)).toEqual(new Set([undefined]));
  expect(await line.account()).toMatchObject({ delivered: 30, inFlight: 0, difference: 0 });
});

test('a dead letter of a newer version is there with its id and its reason, and cannot be read', async () => {
  const { destination, redis, ...line } = await open(async (deliveries) =>
    deliveries.map(() => ({ outcome: 'failed', code: 'unmapped' })),
  );
  await line.write(1);
  const worker = line.start();
  closing.push(() => worker.close());
  await line.settled();
  const { deadLetters } = queueKeys(destination);
  const [[own, fields]] = (await redis.xrangeBuffer(deadLetters, '-', '+')) as [[Buffer, Buffer[]]];
  const id = await redis.xadd(deadLetters, '*', ...fields, 'format', String(NEWER));
  await redis.xdel(deadLetters, own.toString());
  expect(await line.account()).toMatchObject({ dead: 1, difference: 0 });

  const entry = await findDeadLetter(`${destination}/${id}`, redis);
  expect(entry).toMatchObject({ newer: NEWER, reason: 'unmapped', digest: expect.any(String) });
  expect(() => entry!.letter).toThrow(NewerFormatError);
  expect(() => entry!.json).toThrow(NewerFormatError);
  const found = [];
  for await (const { newer } of readDeadLetters(destination, redis)) found.push(newer);
  expect(found).toEqual([NEWER]);
});

test('of a replay of a newer version is known whose it is and how it stands, and nothing of it changes', async () => {
  const redis = suite.connect();
  const id = await createReplay(redis, { by: 'ops', what: { filter: {} }, lanes: [] });
  await redis.hset(`meterbridge:{replays}:${id}`, {
    format: NEWER,
    what: 'in a form of its own',
    state: 'done',
  });
  const newer = { id, newer: NEWER, by: 'ops', state: 'done', startedAt: expect.any(Number) };
  expect(await findReplay(redis, id)).toEqual(newer);
  expect(await listReplays(redis)).toEqual([newer]);
  expect(await rewriteReplays(redis, () => 'nothing')).toBe(0);
});

test('each version says what it writes, and one that would not know the form of the whole refuses', async () => {
  const redis = suite.connect();
  await redis.del('meterbridge:formats');
  await tellFormats(redis);
  expect(await readFormats(redis)).toMatchObject({ store: { format: 1, since: '0.1.0' } });
  const next = {
    ...FORMATS,
    store: { reads: 2, writes: 2, since: '0.9.0' },
    job: { reads: 2, writes: 2, since: '0.8.0' },
  };
  await tellFormats(redis, 0, next);
  expect(await readFormats(redis)).toMatchObject({
    store: { format: 2, since: '0.9.0' },
    job: { format: 2, since: '0.8.0' },
    replay: { format: 1, since: '0.1.0' },
  });
  await assertKnownStore(redis, next);
  const words = 'What lies in Redis was written by a newer version: use version 0.9.0 or later.';
  await expect(tellFormats(redis)).rejects.toThrow(new UnsafeRedisError(words));
  // It has not lowered anything.
  expect((await readFormats(redis)).store).toEqual({ format: 2, since: '0.9.0' });
  await redis.del('meterbridge:formats');
});

test('what deliveries wait by is remembered from its first time on, and for as long as it is said again', async () => {
  const redis = suite.connect();
  const job = { kind: 'job', format: NEWER } as const;
  await keepNewerRecords(redis, 'hinted', job, 1_000);
  await keepNewerRecords(redis, 'hinted', job, 2_000);
  expect(await readNewerRecords(redis, 'hinted', 3_000)).toEqual([{ ...job, since: 1_000, at: 2_000 }]);
  expect(await readNewerRecords(redis, 'hinted', 2_000 + 11 * 60_000)).toEqual([]);
});

test('a process that runs says its formats again where Redis has forgotten them', async () => {
  const redis = suite.connect();
  await tellFormats(redis);
  const told = await readFormats(redis);
  expect(told).not.toEqual({});
  const newer: unknown[] = [];
  const watching = watchFormats(redis, (error) => newer.push(error));
  try {
    await redis.del('meterbridge:formats');
    await waitFor(async () => Object.keys(await readFormats(redis)).length > 0, {
      what: 'it to say them',
      timeoutMs: 15_000,
    });
    expect(await readFormats(redis)).toEqual(told);
    expect(newer).toEqual([]);
  } finally {
    watching.stop();
  }
});

test('a process of a version that says none is called one of before', async () => {
  const redis = suite.connect();
  const entry = { role: 'worker', host: 'a', pid: 1, config: 'one', rules: {}, at: 1_000 };
  await redis.hset('meterbridge:processes', 'old', JSON.stringify(entry));
  expect(await readProcesses(redis, 1_000)).toEqual([{ ...entry, version: 'before 0.1.0' }]);
});
