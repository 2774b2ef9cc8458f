import { expect, test } from '@jest/globals';
import { type Outcome, settleBatch } from '@meterbridge/delivery';
import { useRedis, waitFor } from '@meterbridge/testing';
import type { Redis } from 'ioredis';
import { type BatchData, decodeBatch } from '../src/batch/batch-codec.js';
import {
  countReceipts,
  holdArchive,
  readReceiptGaps,
  readReceipts,
  releaseReceipts,
  walkReceipts,
} from '../src/index.js';
import { queueKeys } from '../src/keys/keys.js';
import { writeSettlement } from '../src/work/settle.js';
import { anEvent, makeLines } from './pipeline-line.js';

const room = { maxBytes: 1_000_000 };
const openLine = makeLines(() => suite);
const suite = useRedis();

const LATER = Number.MAX_SAFE_INTEGER;
const all = async (redis: Redis, shard: string) =>
  (await readReceipts(redis, shard, { until: LATER, count: 1_000 })).flatMap(({ entry }) => entry ?? []);

/** By index, one after the other; from then on all are delivered. */
const inTurn = (outcomes: Outcome[]) => {
  const left = [...outcomes];
  return async (deliveries: unknown[]): Promise<Outcome[]> =>
    deliveries.map(() => left.shift() ?? { outcome: 'delivered' });
};

test('a job that was wholly delivered leaves its own bytes, and what became of each', async () => {
  const line = await openLine(undefined, { receipts: room, rules: 'v2' }, { rules: new Map() });
  await line.write(3);
  const worker = line.start();
  await line.settled();
  await worker.close();
  const [entry, ...others] = await all(line.redis, line.destination);
  expect(others).toEqual([]);
  expect(entry).toMatchObject({ kind: 'settled', outcomes: [['delivered', 3]], rules: 'v2' });
  const kept = decodeBatch((entry as { batch: BatchData }).batch);
  expect(kept.map(({ rule, source }) => [rule, source])).toEqual(Array(3).fill(['usage', 'backend']));
  expect(new Set(kept.map(({ event }) => event.messageId)).size).toBe(3);
});

test('of a job that goes on only what ended is left, each delivery once', async () => {
  const first: Outcome[] = [
    { outcome: 'delivered' },
    { outcome: 'failed', code: 'timeout' },
    { outcome: 'duplicate', found: 'older_rule' },
    { outcome: 'failed', code: 'refused' },
    { outcome: 'duplicate' },
  ];
  const line = await openLine(inTurn(first), { receipts: room });
  await line.write(5);
  const worker = line.start();
  await line.settled();
  await worker.close();
  const entries = await all(line.redis, line.destination);
  expect(entries.map((entry) => 'outcomes' in entry && entry.outcomes)).toEqual([
    [
      ['delivered', 1],
      ['older_rule', 1],
      ['duplicate', 1],
    ],
    [['delivered', 1]],
  ]);
  const kept = entries.flatMap((entry) => decodeBatch((entry as { batch: BatchData }).batch));
  expect(new Set(kept.map(({ event }) => event.messageId)).size).toBe(4);
  expect(await line.account()).toMatchObject({ delivered: 2, duplicate: 2, dead: 1, difference: 0 });
});

test('a settlement that is sent again leaves nothing more', async () => {
  const line = await openLine();
  const [job] = await line.write(2);
  const keys = queueKeys(line.destination);
  const stored = JSON.parse((await line.redis.hget(keys.job(job!), 'data'))!) as BatchData;
  await line.redis.lrem(keys.bull('wait'), 0, job!);
  await line.redis.lpush(keys.bull('active'), job!);
  const outcomes: Outcome[] = [{ outcome: 'delivered' }, { outcome: 'delivered' }];
  const policy = { baseMs: 1, maxMs: 1, giveUpAfterMs: 1, failsAloneAfterMs: 1 };
  const settlement = settleBatch(decodeBatch(stored), outcomes, policy, 0, Math.random);
  const request = { jobId: job!, rev: '0', nextRev: 'one', settlement, notes: {}, receipt: room };
  for (let times = 0; times < 2; times++) {
    expect((await writeSettlement(line.redis, keys, request)).result).toBe('ended');
  }
  expect((await writeSettlement(line.redis, keys, { ...request, nextRev: 'two' })).result).toBe('gone');
  expect(await all(line.redis, line.destination)).toHaveLength(1);
});

test('events that no rule takes are left by name', async () => {
  const line = await openLine(undefined, {}, { receipts: room });
  await line.writer.commit(
    ['Page Viewed', 'Page Viewed', 'Signed Up'].map((name) => ({
      source: 'web',
      event: { ...anEvent(), event: name },
      timeFromReceipt: false,
      routes: [{ destination: line.destination, rules: [] }],
    })),
    [],
  );
  const entries = await waitFor(
    async () => {
      const found = await all(line.redis, line.destination);
      return found.length > 0 ? found : undefined;
    },
    { what: 'what was filtered' },
  );
  const names = entries!.flatMap((entry) => (entry.kind === 'filtered' ? Object.values(entry.filtered) : []));
  expect(names).toEqual([{ 'Page Viewed': 2, 'Signed Up': 1 }]);
});

test('where too much waits for the archive, billing goes on and the hole is written down', async () => {
  const small = { maxBytes: 1_200 };
  const line = await openLine(undefined, { receipts: small }, { receipts: small });
  await line.write(2);
  await line.write(3, [], 'web');
  const worker = line.start();
  await line.settled();
  await line.write(4);
  const filtered = async () => (await line.account()).filtered === 3;
  await waitFor(filtered, { what: 'what is filtered to be counted' });
  const account = await line.settled();
  await worker.close();
  expect(account).toMatchObject({ accepted: 9, delivered: 6, filtered: 3, difference: 0 });
  const entries = await all(line.redis, line.destination);
  const { bytes } = await countReceipts(line.redis, line.destination);
  expect(bytes).toBeLessThanOrEqual(small.maxBytes);
  const left = entries.flatMap((entry) => (entry.kind === 'settled' ? entry.outcomes : []));
  const kept = left.reduce((sum, [, deliveries]) => sum + deliveries, 0);
  const gaps = await readReceiptGaps(line.redis, line.destination);
  const missing = gaps.reduce((sum, { deliveries }) => sum + deliveries, 0);
  expect(missing).toBeGreaterThan(0);
  expect(kept + missing).toBe(6);
  for (const { eventFrom, eventTo } of gaps.filter(({ deliveries }) => deliveries > 0)) {
    expect(eventFrom).toBeLessThanOrEqual(eventTo!);
  }
});

test('only who holds the archive lets go of its entries, and what they take is free again', async () => {
  const line = await openLine(undefined, { receipts: room });
  await line.write(2);
  const worker = line.start();
  await line.settled();
  await worker.close();
  const { redis, producer, destination } = line;
  const [entry] = await all(redis, destination);
  expect(await holdArchive(producer, destination, 'one')).toBe('taken');
  expect(await holdArchive(producer, destination, 'one')).toBe('kept');
  expect(await holdArchive(producer, destination, 'two')).toBe('other');
  expect(await releaseReceipts(redis, destination, 'two', [entry!.id])).toBe(false);
  expect(await all(redis, destination)).toHaveLength(1);
  expect(await releaseReceipts(redis, destination, 'one', [entry!.id])).toBe(true);
  expect(await releaseReceipts(redis, destination, 'one', [entry!.id])).toBe(true);
  expect(await countReceipts(redis, destination)).toEqual({ entries: 0, bytes: 0, oldestAt: null });
  expect(await redis.keys(`${queueKeys(destination).receipts}:job:*`)).toEqual([]);
});

test('of an entry whose job somebody has taken away, the deliveries are a gap', async () => {
  const line = await openLine(undefined, { receipts: room });
  await line.write(3);
  const worker = line.start();
  await line.settled();
  await worker.close();
  const [job] = await line.redis.keys(`${queueKeys(line.destination).receipts}:job:*`);
  await line.redis.del(job!);
  const { redis, producer, destination } = line;
  const [lost] = await readReceipts(redis, destination, { until: LATER, count: 10 });
  expect(lost).toEqual({ id: expect.stringMatching(/^\d+-\d+$/) });
  await holdArchive(producer, destination, 'one');
  for (let times = 0; times < 2; times++) {
    expect(await releaseReceipts(redis, destination, 'one', [lost!.id])).toBe(true);
    expect(await readReceiptGaps(redis, destination)).toEqual([
      { bucket: expect.stringMatching(/^\d+\/\?$/), deliveries: 3, filtered: 0 },
    ]);
  }
  expect(await countReceipts(redis, destination)).toEqual({ entries: 0, bytes: 0, oldestAt: null });
});

test('all that waits is looked through, page by page, up to what is there at first; what is gone meanwhile is passed over', async () => {
  const line = await openLine(undefined, { receipts: room });
  const { receipts } = queueKeys(line.destination);
  const leave = (id: number) => line.redis.xadd(receipts, `${id}-0`, 'filtered', '{}', 'bytes', '2');
  for (let id = 1; id <= 230; id++) await leave(id);
  // As where the archive lets go of an entry and its job between two commands.
  const settled = JSON.stringify({ job: 'j', rev: 'r', outcomes: [] });
  await line.redis.xadd(receipts, '231-0', 'job', `${receipts}:job:r`, 'settled', settled, 'bytes', '2');
  await leave(232);
  const seen: string[] = [];
  for await (const { id } of walkReceipts(line.redis, line.destination)) {
    seen.push(id);
    await leave(1_000 + seen.length);
  }
  expect(seen).toEqual([...Array.from({ length: 230 }, (_, index) => `${index + 1}-0`), '232-0']);
  expect(await line.redis.xlen(receipts)).toBe(232 + seen.length);
});
