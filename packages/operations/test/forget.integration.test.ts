import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Config } from '@meterbridge/config';
import {
  connectConsumer,
  createReplay,
  createSubscriptionCache,
  type DeadLetterEntry,
  DeliveryWriter,
  deliveriesOf,
  importDeadLetters,
  RECEIVER,
  readAccount,
  readAudit,
  readDeadLetterLog,
  readDeadLetters,
  recordAction,
  releaseReplay,
  ShardReplay,
  takeReplay,
  walkJobs,
} from '@meterbridge/queue';
import { hashWithKey, type SegmentEvent } from '@meterbridge/segment-events';
import { makePayloads, useRedis } from '@meterbridge/testing';
import type { Redis } from 'ioredis';
import { findPerson } from '../src/forget/find-person.js';
import { forgetPerson } from '../src/forget/forget-person.js';
import type { Operations } from '../src/open.js';

const KEY = '0123456789abcdef0123456789abcdef';
const RUN = { run: '1', what: 'restored', by: 'ops' } as const;
const HOUR = 400_000;
const { aTrack } = makePayloads('forget');

let redis: Redis;
// The client leaves before its Redis does.
afterAll(() => redis.disconnect());
const suite = useRedis();
beforeAll(async () => {
  redis = connectConsumer(suite.url, () => {});
  await redis.ping();
});

let names = 0;

/** A destination of its own, with ten letters and ten deliveries that wait; two of five of each are Ann's. */
async function open() {
  const destination = `forget-${++names}`;
  const writer = new DeliveryWriter({ redis, destinations: [destination], now: () => HOUR * 3_600_000 });
  const routes = [{ destination, rules: ['usage'] }];
  const userOf = (index: number) =>
    index % 5 === 0 ? 'ann' : index % 5 === 1 ? hashWithKey('ann', KEY) : 'bob';
  const anEvent = (index: number) =>
    ({
      ...aTrack(),
      receivedAt: '2026-08-01T00:00:00.000Z',
      userId: userOf(index),
    }) as unknown as SegmentEvent;
  for (let job = 0; job < 2; job++) {
    const events = [0, 1, 2, 3, 4].map((index) => ({
      source: 'web',
      event: anEvent(index),
      timeFromReceipt: false,
      routes,
    }));
    await writer.commit(events, []);
  }
  const letters = Array.from({ length: 10 }, (_, index) => ({
    id: `${destination}/${index + 1}-0`,
    reason: 'refused',
    bucket: `${HOUR}/web`,
    letter: { ...aDead, hour: HOUR, event: anEvent(index), sentUnder: index % 2 === 0 ? 'v1' : undefined },
  }));
  await importDeadLetters(destination, redis, letters, RUN);
  const ops = {
    redis,
    actor: 'ops',
    names: [destination, RECEIVER],
    shards: [destination, RECEIVER],
    customerOf: () => undefined,
    config: { privacyKey: KEY, redis: { url: suite.url, replicas: 0 } } as unknown as Config,
  } as unknown as Operations;
  const expectToAddUp = async () => {
    expect((await readAccount(destination, redis)).difference).toBe(0);
    expect((await readAudit(destination, redis)).filter(({ difference }) => difference !== 0)).toEqual([]);
  };
  return { destination, ops, expectToAddUp };
}

const aDead = {
  rule: 'usage',
  source: 'web',
  reason: 'refused',
  tries: { attempts: 1, lastCode: 'refused' },
};
const ann = { userId: 'ann' };

/** Whether anything in Redis names a text, compressed or not. */
async function isKept(destination: string, text: string): Promise<boolean> {
  for await (const job of walkJobs(redis)) {
    if (job.shard === destination && JSON.stringify(deliveriesOf(job)).includes(text)) return true;
  }
  for await (const { json } of readDeadLetters(destination, redis)) if (json.includes(text)) return true;
  return false;
}

test('finds a person by their id and by its hash, forgets them, and finds nothing the next time', async () => {
  const { destination, ops, expectToAddUp } = await open();
  const found = { destination, letters: 4, waiting: 4, inHand: 0, maybeSent: 2 };
  expect(await findPerson(ops, ann)).toMatchObject({ places: [found], unreadable: 0 });
  await expectToAddUp();

  const done = await forgetPerson(ops, ann);
  expect(done).toMatchObject({ letters: 4, deliveries: 4, rest: null, unreadable: 0 });
  expect(done.aof).toEqual([{ server: expect.any(String), result: 'started' }]);
  expect(await readAccount(destination, redis)).toMatchObject({
    accepted: 20,
    discarded: 8,
    dead: 6,
    inFlight: 6,
    difference: 0,
  });
  await expectToAddUp();
  expect(await isKept(destination, '"ann"')).toBe(false);
  expect(await isKept(destination, hashWithKey('ann', KEY) as string)).toBe(false);
  expect((await findPerson(ops, ann)).places).toEqual([]);

  const [record] = await readDeadLetterLog(destination, redis);
  expect(record).toMatchObject({
    what: 'forgotten',
    by: 'ops',
    person: done.digest,
    letters: 4,
    deliveries: 4,
  });
  expect(JSON.stringify(record)).not.toContain('ann');
  expect(await forgetPerson(ops, ann)).toMatchObject({ letters: 0, deliveries: 0, rest: null });
});

test('stopped anywhere in the middle and said again, it has forgotten each delivery once', async () => {
  const { destination, ops, expectToAddUp } = await open();
  for (let turn = 1; turn < 100; turn++) {
    const stop = new AbortController();
    // Each turn comes a step further than the one before.
    let steps = 0;
    const onProgress = () => {
      steps += 1;
      if (steps === turn) stop.abort();
    };
    const { rest } = await forgetPerson(ops, ann, { signal: stop.signal, onProgress });
    await expectToAddUp();
    if (rest === null) break;
    expect(rest).toBe('stopped');
  }
  expect(await readAccount(destination, redis)).toMatchObject({ discarded: 8, dead: 6, inFlight: 6 });
});

test('while a replay is open it is not done; letters that the replay moves meanwhile are found as jobs', async () => {
  const { destination, ops, expectToAddUp } = await open();
  const id = await createReplay(redis, { by: 'ops', what: { filter: {} }, lanes: [] });
  await takeReplay(redis, id, 'holder');
  const shard = new ShardReplay(destination, id, redis);
  const letters: DeadLetterEntry<object>[] = [];
  for await (const each of readDeadLetters<object>(destination, redis)) letters.push(each);
  const taken = letters.slice(0, 5);
  const deliveries = taken.map(({ letter }) => {
    const { reason: _, tries: __, ...delivery } = letter as { reason: string; tries: object };
    return delivery as never;
  });
  // Jobs were looked at when the replay moves the first letters, some of which are Ann's.
  const afterStep = new Proxy(redis, {
    get(target, name) {
      const value = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      if (name !== 'xrevrange') return value.bind(target);
      return async (...args: Parameters<Redis['xrevrange']>) => {
        await shard.apply({ deliveries, taken });
        return target.xrevrange(...args);
      };
    },
  });
  expect(await forgetPerson({ ...ops, redis: afterStep }, ann, {}, { patienceMs: 300 })).toMatchObject({
    rest: 'replaying',
  });
  await expectToAddUp();
  await releaseReplay(redis, id, 'holder', 'done');
  expect(await forgetPerson(ops, ann)).toMatchObject({ rest: null });
  await shard.close();
  await expectToAddUp();
  expect(await readAccount(destination, redis)).toMatchObject({
    accepted: 20,
    discarded: 8,
    inFlight: 6 + 3,
  });
  expect(await isKept(destination, '"ann"')).toBe(false);
});

test('what names the person beside events goes as well: late usage, look-ups, records and replays', async () => {
  const { destination, ops } = await open();
  const late = `meterbridge:{${destination}}:late-usage`;
  const name = JSON.stringify(['2026-10', 'ann', 'calls']);
  await redis.hset(late, `n/${name}`, 3, `w/${name}`, 7, 'n/["2026-10","bob","calls"]', 1);
  const cache = createSubscriptionCache(destination, redis);
  await cache.write('ann', '{}', 60_000);
  await cache.write('bob', '{}', 60_000);
  const said = { ...RUN, run: '2', because: 'ann asked; annual', filter: '--customer ann' };
  await recordAction(redis, said, { id: `${destination}/1-0`, reason: 'refused' });
  const id = await createReplay(redis, { by: 'ops', what: { filter: { customer: 'ann' } }, lanes: [] });
  await takeReplay(redis, id, 'holder');
  await releaseReplay(redis, id, 'holder', 'done');

  const found = { lateUsage: 3, subscriptions: 1, records: 2 };
  expect(await findPerson(ops, ann)).toMatchObject(found);
  expect(await forgetPerson(ops, ann)).toMatchObject(found);
  expect(await redis.hgetall(late)).toEqual({
    'n/["2026-10",null,null]': '3',
    'n/["2026-10","bob","calls"]': '1',
  });
  expect([...(await cache.read(['ann', 'bob'])).keys()]).toEqual(['bob']);
  const records = await readDeadLetterLog(destination, redis);
  expect(records.find(({ run }) => run === '2')).toMatchObject({
    because: '(forgotten) asked; annual',
    filter: '--customer (forgotten)',
  });
  expect(await redis.hget(`meterbridge:{replays}:${id}`, 'what')).toBe(
    '{"filter":{"customer":"(forgotten)"}}',
  );
});

test('what the receiver refused is looked through, whatever its shape', async () => {
  const { ops } = await open();
  const letters = [{ batch: [{ userId: 'ann' }] }, '{"userId":"ann", broken', { userId: 'annie' }].map(
    (raw, index) => ({
      id: `${RECEIVER}/${index + 1}-0`,
      reason: 'missing_type',
      bucket: `${HOUR}/web`,
      letter: {
        source: 'web',
        via: 'tracking',
        reason: 'missing_type',
        detail: 'words',
        raw,
        receivedAt: '',
      },
    }),
  );
  await importDeadLetters(RECEIVER, redis, letters, RUN);
  await forgetPerson(ops, ann);
  expect(await redis.xlen(`meterbridge:{${RECEIVER}}:dead-letters`)).toBe(1);
  expect((await readAccount(RECEIVER, redis)).difference).toBe(0);
});
