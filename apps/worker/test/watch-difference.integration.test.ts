import { afterAll, expect, test } from '@jest/globals';
import { connectProducer, DeliveryWriter, RECEIVER, readAccount, readAudit } from '@meterbridge/queue';
import { createLogger } from '@meterbridge/telemetry';
import { makePayloads, useRedis, waitFor } from '@meterbridge/testing';
import type { Redis } from 'ioredis';
import { watchDifference } from '../src/watch-difference.js';

const closing: (() => unknown)[] = [];
afterAll(async () => {
  for (const close of closing.reverse()) await close();
});
const suite = useRedis();

/** 400,000 hours after 1970. */
const HOUR = '2015-08-19T16:00Z';
const MINUTE = 60_000;

async function openWriter(destination: string, shards = 1): Promise<DeliveryWriter> {
  const redis = connectProducer(suite.url, () => {});
  closing.push(() => redis.disconnect());
  await waitFor(() => redis.status === 'ready', { what: 'the connection' });
  const now = () => 400_000 * 3_600_000 + 1_234;
  const writer = new DeliveryWriter({ redis, destinations: [destination], shards, now });
  closing.push(() => writer.close());
  return writer;
}

const { aTrack } = makePayloads('watched');

type Commit = Parameters<DeliveryWriter['commit']>;

function aRouted(destination: string): Commit[0][number] {
  const event = { ...aTrack(), receivedAt: '2015-08-19T16:00:00.000Z' };
  const routes = [{ destination, rules: ['usage'] }];
  return { source: 'backend', event: event as never, timeFromReceipt: false, routes };
}

/** A watch whose looks are as late as the test says, and its log. */
function watch(destination: string, redis: Redis) {
  const lines: Record<string, unknown>[] = [];
  const stream = { write: (line: string) => void lines.push(JSON.parse(line)) };
  let at = 0;
  const watched = watchDifference({
    destination,
    count: async () => ({ at, ...(await readAccount(destination, redis)) }),
    audit: () => readAudit(destination, redis),
    log: createLogger({ name: 'test', level: 'info', destination: stream }),
  });
  return {
    ...watched,
    /** What is logged at a look so much later. */
    async lookAfter(ms: number): Promise<Record<string, unknown>[]> {
      at += ms;
      await watched.look();
      return lines.splice(0).map(({ time, pid, name, ...told }) => told);
    },
  };
}

test('a lost job is told with its shard, hour and source, once; and again when more is lost, and when it is over', async () => {
  const writer = await openWriter('lago', 2);
  const redis = suite.connect();
  // The shards take turns.
  for (let commits = 0; commits < 2; commits += 1) {
    const routed = Array.from({ length: 20 }, () => aRouted('lago'));
    await writer.commit(routed, []);
  }
  const { lookAfter, lines } = watch('lago', redis);
  expect(await lookAfter(MINUTE)).toEqual([]);

  const waiting = (shard: string) => `meterbridge:{${shard}}:deliveries:wait`;
  const [first] = await redis.lrange(waiting('lago'), 0, -1);
  const [second] = await redis.lrange(waiting('lago@1'), 0, -1);
  await redis.lrem(waiting('lago@1'), 1, second!);
  expect(await lookAfter(MINUTE)).toEqual([]);
  expect(await lookAfter(MINUTE - 1)).toEqual([]);
  expect(lines()).toEqual([]);

  const ofSecond = { destination: 'lago', shard: 'lago@1', hour: HOUR, source: 'backend', difference: 20 };
  const told = { level: 'error', msg: 'account.difference' };
  expect(await lookAfter(1)).toEqual([{ ...ofSecond, ...told }]);
  expect(await lookAfter(MINUTE)).toEqual([]);

  await redis.lrem(waiting('lago'), 1, first!);
  const ofFirst = { ...ofSecond, shard: 'lago' };
  expect(await lookAfter(1)).toEqual([{ ...ofFirst, ...told }]);
  const { destination, ...place } = ofSecond;
  expect(new Set(lines())).toEqual(new Set([{ ...place, shard: 'lago' }, place]));

  await redis.rpush(waiting('lago'), first!);
  await redis.rpush(waiting('lago@1'), second!);
  const over = ({ difference: before, ...where }: typeof ofSecond) => ({ ...where, before });
  expect(new Set(await lookAfter(1))).toEqual(
    new Set([ofFirst, ofSecond].map((line) => ({ ...over(line), level: 'info', msg: 'account.adds_up' }))),
  );
  expect(lines()).toEqual([]);
  expect(await lookAfter(MINUTE)).toEqual([]);
});

test('two mistakes that come to cancel out are told until both are gone', async () => {
  const writer = await openWriter('both');
  const redis = suite.connect();
  await writer.commit([aRouted('both')], []);
  const { lookAfter } = watch('both', redis);
  const count = async (hour: number, by: number) => {
    await redis.hincrby('meterbridge:{both}:ledger', 'accepted', by);
    await redis.hincrby('meterbridge:{both}:hours', `${hour}/web/accepted`, by);
  };
  await count(400_000, 5);
  await lookAfter(MINUTE);
  expect(await lookAfter(MINUTE)).toMatchObject([{ hour: HOUR, source: 'web', difference: 5 }]);
  await count(400_001, -5);
  expect((await readAccount('both', redis)).difference).toBe(0);
  expect(await lookAfter(1)).toMatchObject([{ level: 'error', hour: '2015-08-19T17:00Z', difference: -5 }]);
  await count(400_000, -5);
  await count(400_001, 5);
  expect(await lookAfter(1)).toMatchObject([{ level: 'info' }, { level: 'info' }]);
});

test("a letter of the receiver's that is gone is told as well, in no hour: its stream has none", async () => {
  const writer = await openWriter('other');
  const redis = suite.connect();
  const rejected: Commit[1][number] = {
    source: 'backend',
    via: 'tracking',
    reason: 'too_large',
    detail: 'too large',
    raw: {},
    receivedAt: '2015-08-19T16:00:00.000Z',
  };
  await writer.commit([], [rejected, rejected]);
  await redis.xtrim('meterbridge:{receiver}:dead-letters', 'MAXLEN', 1);
  const { lookAfter } = watch(RECEIVER, redis);
  expect(await lookAfter(MINUTE)).toEqual([]);
  expect(await lookAfter(MINUTE)).toMatchObject([
    { level: 'error', destination: RECEIVER, shard: RECEIVER, hour: 'earlier', source: 'any', difference: 1 },
  ]);
});

test('an audit that cannot be read is told, and asked again at the next look', async () => {
  const writer = await openWriter('dark');
  const redis = suite.connect();
  await writer.commit([aRouted('dark')], []);
  await redis.hincrby('meterbridge:{dark}:ledger', 'accepted', 3);
  const { lookAfter } = watch('dark', redis);
  await lookAfter(MINUTE);
  // The account needs no hours, the audit does.
  await redis.rename('meterbridge:{dark}:hours', 'meterbridge:{dark}:moved');
  await redis.set('meterbridge:{dark}:hours', 'damaged');
  expect(await lookAfter(MINUTE)).toMatchObject([{ level: 'warn', msg: 'account.not_read' }]);
  await redis.rename('meterbridge:{dark}:moved', 'meterbridge:{dark}:hours');
  expect(await lookAfter(1)).toMatchObject([{ level: 'error', hour: 'earlier', difference: 3 }]);
});
