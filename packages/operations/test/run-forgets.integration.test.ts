import { expect, test } from '@jest/globals';
import {
  connectConsumer,
  connectProducer,
  createForgetRequests,
  DeliveryWriter,
  findDueForgetRequests,
  importDeadLetters,
  RECEIVER,
  readAccount,
  readDeadLetterLog,
  readOpenForgetRequests,
  takeForgetRequest,
  walkJobs,
} from '@meterbridge/queue';
import type { SegmentEvent } from '@meterbridge/segment-events';
import { makePayloads, useClosing, useRedis, waitFor } from '@meterbridge/testing';
import type { Redis } from 'ioredis';
import { forgetPerson } from '../src/forget/forget-person.js';
import type { ForgetDelay } from '../src/forget/run-forget.js';
import { startForgetRunner } from '../src/forget/run-forgets.js';
import { openOperations } from '../src/open.js';
import { configWith } from './config.js';

const KEY = '0123456789abcdef0123456789abcdef';
const DESTINATIONS = ['lago', 'hyperline'];
const HOUR = 400_000;
const ANN = { userId: 'ann' };

const closing = useClosing();
const suite = useRedis();
const { aTrack } = makePayloads('call');
const config = () => configWith(suite.url, (text) => `${text}\nprivacyKey: ${KEY}\n`);
const open = (actor: string) => openOperations(config(), { actor, scrub: (text) => text });

async function connect(): Promise<Redis> {
  const redis = connectProducer(suite.url, () => {});
  closing.push(() => redis.disconnect());
  await waitFor(() => redis.status === 'ready', { what: 'the connection' });
  await redis.flushall();
  return redis;
}

const eventOf = (userId: string) =>
  ({ ...aTrack(), receivedAt: '2026-08-01T00:00:00.000Z', userId }) as unknown as SegmentEvent;

/** In each destination four jobs of two deliveries and four letters: half of each is Ann's. */
async function fill(redis: Redis): Promise<void> {
  const writer = new DeliveryWriter({ redis, destinations: DESTINATIONS, now: () => HOUR * 3_600_000 });
  const routes = DESTINATIONS.map((destination) => ({ destination, rules: ['api-calls'] }));
  for (let job = 0; job < 4; job++) {
    const events = ['ann', 'bob'].map((user) => ({
      source: 'backend',
      event: eventOf(user),
      timeFromReceipt: false,
      routes,
    }));
    await writer.commit(events, []);
  }
  for (const destination of DESTINATIONS) {
    const letters = [0, 1, 2, 3].map((index) => ({
      id: `${destination}/${index + 1}-0`,
      reason: 'refused',
      bucket: `${HOUR}/backend`,
      letter: {
        rule: 'api-calls',
        source: 'backend',
        reason: 'refused',
        tries: { attempts: 1, lastCode: 'refused' },
        hour: HOUR,
        event: eventOf(index % 2 === 0 ? 'ann' : 'bob'),
      },
    }));
    await importDeadLetters(destination, redis, letters, { run: '1', what: 'restored', by: 'ops' });
  }
}

function run() {
  const redis = connectConsumer(suite.url, () => {});
  closing.push(() => redis.disconnect());
  const told: { done: string[]; delayed: ForgetDelay[]; newer: string[]; problems: Error[] } = {
    done: [],
    delayed: [],
    newer: [],
    problems: [],
  };
  const runner = startForgetRunner({
    redis,
    open,
    onDone: ({ id }) => told.done.push(id),
    onDelayed: (_request, why) => told.delayed.push(why),
    onNewer: (id) => told.newer.push(id),
    onProblem: (error) => told.problems.push(error),
  });
  closing.push(() => runner.stop());
  return told;
}

const request = (id: string, refuseLater = false) => ({ id, ids: ANN, refuseLater });

/** All that Redis holds, as text; compressed letters and jobs are looked through elsewhere. */
async function everything(redis: Redis): Promise<string> {
  const parts: unknown[] = [];
  for (const key of await redis.keys('meterbridge:{forget-requests}*')) {
    const type = await redis.type(key);
    if (type === 'hash') parts.push(key, await redis.hgetall(key));
    if (type === 'zset') parts.push(key, await redis.zrange(key, 0, '-1'));
  }
  return JSON.stringify(parts);
}

async function expectForgotten(redis: Redis): Promise<void> {
  for (const destination of DESTINATIONS) {
    expect(await readAccount(destination, redis)).toMatchObject({
      accepted: 12,
      discarded: 6,
      dead: 2,
      inFlight: 4,
      difference: 0,
    });
  }
}

test('the same call twice is one run, in every destination, and keeps nothing of the person', async () => {
  const redis = await connect();
  await fill(redis);
  expect(await createForgetRequests(redis, 'backend', [request('c-1', true)], 0)).toBe(1);
  expect(await createForgetRequests(redis, 'backend', [request('c-1', true)], 0)).toBe(0);
  expect(await readOpenForgetRequests(redis)).toMatchObject({ open: 1, oldestAt: expect.any(Number) });
  const told = run();
  await waitFor(() => told.done.length > 0, { what: 'the run' });
  await expectForgotten(redis);
  expect(await readOpenForgetRequests(redis)).toEqual({ open: 0, oldestAt: null, problems: {} });
  expect(await everything(redis)).not.toContain('ann');

  expect(await createForgetRequests(redis, 'backend', [request('c-1', true)], 0)).toBe(0);
  expect(await findDueForgetRequests(redis)).toEqual([]);
  for (const destination of DESTINATIONS) {
    const records = await readDeadLetterLog(destination, redis);
    expect(records.filter(({ what }) => what === 'forgotten')).toMatchObject([
      { by: 'a call of backend', letters: 2, deliveries: 4, person: expect.stringMatching(/^[0-9a-f]{64}$/) },
    ]);
  }
  expect(await readDeadLetterLog(RECEIVER, redis)).toMatchObject([{ what: 'refused later' }]);
  expect(told).toMatchObject({ delayed: [], problems: [] });
});

test('another worker goes on after one that was killed in the middle, under the same record', async () => {
  const redis = await connect();
  await fill(redis);
  await createForgetRequests(redis, 'backend', [request('c-1')], 0);
  // What a worker has done that is killed: it has a lease, and has taken the jobs of the person and no letter.
  const ops = await open('a worker');
  closing.push(() => ops.close());
  const first = JSON.stringify({ run: '7-first', what: 'forgotten', by: 'a call of backend' });
  expect(await takeForgetRequest(redis, 'c-1', 'the killed', first)).toBe(first);
  const stop = new AbortController();
  const onProgress = (what: string) => {
    if (what.startsWith('letters')) stop.abort();
  };
  const half = await forgetPerson(
    ops,
    ANN,
    { signal: stop.signal, onProgress: ({ what }) => onProgress(what) },
    { run: JSON.parse(first), rewriteFiles: false },
  );
  expect(half).toMatchObject({ rest: 'stopped', deliveries: 8, letters: 0 });
  expect(await findDueForgetRequests(redis)).toEqual([]);

  const told = run();
  await waitFor(() => told.done.length > 0, { what: 'the rest, once the lease has run out' });
  await expectForgotten(redis);
  for (const destination of DESTINATIONS) {
    const records = await readDeadLetterLog(destination, redis);
    expect(records.filter(({ what }) => what === 'forgotten')).toMatchObject([
      { run: '7-first', letters: 2, deliveries: 4 },
    ]);
  }
});

test('what a worker has in hand is tried again later, and one of a newer version is left alone', async () => {
  const redis = await connect();
  await fill(redis);
  const locks: string[] = [];
  for await (const { shard, jobId } of walkJobs(redis)) {
    locks.push(`meterbridge:{${shard}}:deliveries:${jobId}:lock`);
  }
  for (const lock of locks) await redis.set(lock, 'a worker');
  await createForgetRequests(redis, 'backend', [request('c-1'), request('c-2')], 0);
  await redis.hset('meterbridge:{forget-requests}:c-2', 'format', 99);
  const told = run();
  await waitFor(() => told.delayed.length > 0, { what: 'the delay' });
  expect(await readOpenForgetRequests(redis)).toMatchObject({ open: 2, problems: { in_hand: 1 } });
  await redis.del(...locks);
  await waitFor(() => told.done.length > 0, { what: 'the second turn' });
  expect(told).toEqual({ done: ['c-1'], delayed: expect.any(Array), newer: ['c-2'], problems: [] });
  await expectForgotten(redis);
  expect(await redis.hget('meterbridge:{forget-requests}:c-2', 'ids')).toBe(JSON.stringify(ANN));
});

test('its sender is told of no call that too few replicas have', async () => {
  const redis = await connect();
  await expect(createForgetRequests(redis, 'backend', [request('c-1')], 1)).rejects.toMatchObject({
    code: 'store_unavailable',
  });
});
