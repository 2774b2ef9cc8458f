import { randomBytes } from 'node:crypto';
import { afterEach, expect, test } from '@jest/globals';
import type { RefusalCount } from '@meterbridge/segment-events';
import { useRedis, waitFor } from '@meterbridge/testing';
import type { Redis } from 'ioredis';
import {
  connectProducer,
  type DeadLetterEntry,
  DeliveryWriter,
  discardDeadLetters,
  importDeadLetters,
  RECEIVER,
  type RejectedEvent,
  readAccount,
  readAudit,
  readDeadLetters,
  ShardReplay,
} from '../src/index.js';
import { queueKeys } from '../src/keys/keys.js';
import { useRedisWays } from './redis-way.js';

const openWay = useRedisWays();
const suite = useRedis();
let client: Redis | undefined;
const admin = () => {
  client ??= suite.connect();
  return client;
};
const HOUR = 480_000;

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await admin().flushall();
});

/** A receiver's writer of its own. */
async function openWriter({ budgetBytes = 1e9, url = suite.url } = {}) {
  const redis = connectProducer(url, () => {});
  await waitFor(() => redis.status === 'ready', { what: 'Redis' });
  let hour = HOUR;
  const notKept: RefusalCount[] = [];
  const writer = new DeliveryWriter({
    redis,
    now: () => hour * 3_600_000,
    destinations: [],
    budgetBytes: () => budgetBytes,
    onNotKept: (counts) => notKept.push(...counts),
  });
  closing.push(
    () => redis.disconnect(),
    () => writer.close(),
  );
  return {
    redis,
    notKept,
    reject: (rejected: RejectedEvent[], counted: RefusalCount[] = []) => writer.commit([], rejected, counted),
    atHour(now: number) {
      hour = now;
    },
  };
}

/** Refused events, of random text that does not compress. */
function refusals(count: number, bytes = 3_000, source = 'web'): RejectedEvent[] {
  return Array.from({ length: count }, () => ({
    source,
    via: 'tracking',
    reason: 'missing_type',
    detail: 'type is missing',
    raw: { text: randomBytes((bytes * 3) / 4).toString('base64') },
    receivedAt: '2026-08-01T00:00:00.000Z',
  }));
}

async function letters(): Promise<DeadLetterEntry<RejectedEvent>[]> {
  const all: DeadLetterEntry<RejectedEvent>[] = [];
  for await (const each of readDeadLetters<RejectedEvent>(RECEIVER, admin())) all.push(each);
  return all;
}

async function counts() {
  const { accepted, dead, discarded, difference } = await readAccount(RECEIVER, admin());
  const lines = await readAudit(RECEIVER, admin());
  expect(lines.every((line) => line.difference === 0)).toBe(true);
  return { accepted, dead, discarded, difference };
}

const { ledger, hours, deadLetters, prefix } = queueKeys(RECEIVER);
const field = async (name: string, key = ledger) => Number((await admin().hget(key, name)) ?? 0);

test('refused events are kept as far as their budget goes, and all are counted', async () => {
  const { reject, notKept } = await openWriter({ budgetBytes: 1_000_000 });
  await reject(refusals(500));
  const { dead, ...sums } = await counts();
  expect(sums).toEqual({ accepted: 500, discarded: 500 - dead, difference: 0 });
  // Of a million bytes a source has a fourth, and half of that within an hour.
  expect(await field('keptBytes')).toBeLessThanOrEqual(125_000);
  expect(await field('keptBytes')).toBeGreaterThan(110_000);
  expect(await field('keptBytes:web')).toBe(await field('keptBytes'));
  expect(await field(`${HOUR}/web/keptBytes`, hours)).toBe(await field('keptBytes'));
  expect((await readAccount(RECEIVER, admin())).notKept).toBe(500 - dead);
  expect(await field('notKept:missing_type')).toBe(500 - dead);
  expect(await field(`${HOUR}/web/notKept`, hours)).toBe(500 - dead);
  expect(notKept).toEqual([{ source: 'web', reason: 'missing_type', events: 500 - dead }]);
});

test('the budget is one for all receivers, and each source and hour has its part of it', async () => {
  const writers = await Promise.all([1, 2, 3].map(() => openWriter({ budgetBytes: 1_000_000 })));
  const all = async (source: string) => {
    await Promise.all(
      writers.flatMap(({ reject }) => [
        reject(refusals(40, 3_000, source)),
        reject(refusals(40, 3_000, source)),
      ]),
    );
  };
  await all('web');
  expect(await field('keptBytes:web')).toBeLessThanOrEqual(125_000);
  for (const each of writers) each.atHour(HOUR + 1);
  // A writer that was told of a used-up budget does not ask at once again.
  await waitFor(
    async () => {
      await all('web');
      return (await field('keptBytes:web')) > 240_000;
    },
    { what: 'the next hour to be kept' },
  );
  expect(await field('keptBytes:web')).toBeLessThanOrEqual(250_000);
  for (const source of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) await all(source);
  expect(await field('keptBytes')).toBeLessThanOrEqual(1_000_000);
  expect(await field('keptBytes')).toBeGreaterThan(980_000);
  const { accepted, dead, discarded, difference } = await counts();
  expect([accepted, difference]).toEqual([dead + discarded, 0]);
  // What is counted is what Redis really takes, or more.
  const taken = (await admin().memory('USAGE', deadLetters, 'SAMPLES', 0))!;
  expect(taken).toBeLessThan(1.05 * (await field('keptBytes')));
});

test('small letters take no more of Redis than they count for', async () => {
  const { reject } = await openWriter();
  const small = Array.from({ length: 1_000 }, () => ({ ...refusals(1)[0]!, raw: {} }));
  await reject(small);
  const taken = (await admin().memory('USAGE', deadLetters, 'SAMPLES', 0))!;
  expect(taken).toBeLessThan(await field('keptBytes'));
  expect(taken).toBeGreaterThan(0.5 * (await field('keptBytes')));
});

test('what leaves gives its bytes back, however it leaves', async () => {
  const { reject, redis } = await openWriter();
  await reject(refusals(10));
  const [first, ...others] = await letters();
  const replay = new ShardReplay(RECEIVER, '1', redis);
  expect(await replay.apply({ taken: [first!] })).toBe(true);
  await replay.close();
  const run = { run: '1', what: 'discarded' as const, by: 'ops' };
  await discardDeadLetters(RECEIVER, redis, others, run);
  for (const name of ['keptBytes', 'keptBytes:web']) expect(await field(name)).toBe(0);
  expect(await field(`${HOUR}/web/keptBytes`, hours)).toBe(0);
  expect(await counts()).toEqual({ accepted: 9, dead: 0, discarded: 9, difference: 0 });
});

test('an import takes nothing from what was never a letter', async () => {
  const { reject, redis } = await openWriter();
  await reject([], [{ source: 'web', reason: 'missing_type', events: 7 }]);
  const letter = { id: 'receiver/1785542400000-0', reason: 'missing_type', bucket: `${HOUR}/web` };
  const run = { run: '1', what: 'restored' as const, by: 'ops' };
  const imported = await importDeadLetters(RECEIVER, redis, [{ ...letter, letter: refusals(1)[0]! }], run);
  expect(imported).toMatchObject({ added: 1, restored: 0 });
  expect(await counts()).toEqual({ accepted: 8, dead: 1, discarded: 7, difference: 0 });
});

test('a write whose answer is lost is written once, and its sender is told success', async () => {
  const way = await openWay(suite.redis.port);
  const { reject } = await openWriter({ url: way.url });
  way.swallowAnswers();
  await reject(refusals(20), [{ source: 'web', reason: 'missing_type', events: 5 }]);
  expect(await counts()).toEqual({ accepted: 25, dead: 20, discarded: 5, difference: 0 });
  const receipts = await admin().keys(`${prefix}:receipt:*`);
  expect(receipts).toHaveLength(1);
  expect(await admin().pttl(receipts[0]!)).toBeLessThanOrEqual(10_000);
});

test('where Redis is full or away, the sender is told so, and nothing is written', async () => {
  const { reject, redis } = await openWriter();
  await admin().config('SET', 'maxmemory', '1mb');
  try {
    await expect(reject(refusals(2))).rejects.toMatchObject({ code: 'store_full' });
  } finally {
    await admin().config('SET', 'maxmemory', '0');
  }
  redis.disconnect();
  await expect(reject(refusals(2))).rejects.toMatchObject({ code: 'store_unavailable' });
  expect(await counts()).toEqual({ accepted: 0, dead: 0, discarded: 0, difference: 0 });
});

test('letters are compressed in slices: the event loop is free in between', async () => {
  const { reject } = await openWriter();
  let turns = 0;
  const turn = () => {
    turns += 1;
    timer = setImmediate(turn);
  };
  let timer = setImmediate(turn);
  const before = process.cpuUsage();
  // Some hundred milliseconds of compression.
  await reject(refusals(1_000, 6_000));
  clearImmediate(timer);
  expect(turns).toBeGreaterThan(process.cpuUsage(before).user / 200_000);
  expect((await counts()).dead).toBe(1_000);
});
