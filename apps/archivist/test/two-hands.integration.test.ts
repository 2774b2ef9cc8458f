import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { connectProducer, countReceipts, createMutex, readReceiptGaps } from '@meterbridge/queue';
import { listSpools, readManifest, shardFolder } from '@meterbridge/receipts';
import { useClosing, useRedis, waitFor } from '@meterbridge/testing';
import type { Redis } from 'ioredis';
import { Archive } from '../src/archive.js';
import { ShardArchive } from '../src/shard-archive.js';

const closing = useClosing();
const suite = useRedis();
const SHARD = 'lago';
const KEY = `meterbridge:{${SHARD}}:receipts`;
const HOUR_MS = 3_600_000;

let dir: string;
let redis: Redis;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'meterbridge-archive-'));
  redis = connectProducer(suite.url, () => {});
  await waitFor(() => redis.status === 'ready', { what: 'the connection' });
});
afterEach(async () => {
  await redis.flushall();
  redis.disconnect();
  await rm(dir, { recursive: true, force: true });
});

/** Events that no rule took: what a receiver leaves, with an id of this moment. */
async function leave(at: number, count = 1): Promise<void> {
  const entries = Array.from({ length: count }, (_, n) => [
    'xadd',
    KEY,
    `${at}-${n}`,
    'filtered',
    JSON.stringify({ '1/web': { Seen: 1 } }),
    'bytes',
    10,
  ]);
  await redis.multi(entries).exec();
  await redis.incrby(`${KEY}:bytes`, 10 * count);
}

const anArchive = (token: string, onClosed: (spool: string) => void = () => {}, now = () => Date.now()) =>
  new ShardArchive({ dir, shard: SHARD, redis, token, replicas: 0, now, inTurn: createMutex(), onClosed });

const SILENT = { info() {}, error() {}, warn() {} };
const COUNTING = { inc() {} };

const letGo = () => redis.del(`${KEY}:holder`);

test('an archivist whose lease ran out writes to no spool that it had before', async () => {
  const closed: string[] = [];
  const [one, two] = [anArchive('one', (spool) => closed.push(spool)), anArchive('two')];
  const at = Date.now() - 60_000;
  await leave(at);
  expect(await one.keepAll()).toBe(true);
  await letGo();
  await leave(at + 1);
  expect(await two.keepAll()).toBe(true);
  expect(await one.keepAll()).toBe(false);
  await letGo();
  await leave(at + 2);
  expect(await one.keepAll()).toBe(true);
  // Each hand began a spool of its own each time, and what it found it has made rows of.
  expect(await listSpools({ dir, shard: SHARD })).toEqual(['00000001', '00000002', '00000003']);
  expect(new Set(closed)).toEqual(new Set(['00000001', '00000002']));
  expect(await countReceipts(redis, SHARD)).toMatchObject({ entries: 0 });
});

test('an append that was cut short by a kill keeps no hour from its rows', async () => {
  const hour = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
  await redis.sadd('meterbridge:destinations', SHARD);
  await leave(hour - HOUR_MS, 3);
  const killed = anArchive('one');
  await killed.keepAll();
  const [spool] = await listSpools({ dir, shard: SHARD });
  await appendFile(join(shardFolder(dir, SHARD), `${spool}.spool`), Buffer.alloc(40, 7));
  await letGo();
  const options = { dir, redis, token: 'two', replicas: 0, now: () => Date.now() };
  const metrics = { rowsWritten: COUNTING, roundsFailed: COUNTING, conversionsFailed: COUNTING };
  const archive = new Archive({ ...options, logger: SILENT, metrics } as never);
  closing.push(() => archive.stop());
  const hasRows = async () => {
    await archive.round();
    return (await readManifest(shardFolder(dir, SHARD), SHARD)).files.length > 0;
  };
  await waitFor(hasRows, { what: 'its rows', timeoutMs: 30_000 });
  const { files } = await readManifest(shardFolder(dir, SHARD), SHARD);
  expect(files.map(({ rows }) => rows)).toEqual([3]);
});

test('a backlog is kept in one go, however long that takes', async () => {
  const closed: string[] = [];
  const archive = anArchive('one', (spool) => closed.push(spool));
  const at = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - 2 * HOUR_MS;
  await leave(at, 1_000);
  await leave(at + HOUR_MS, 1_000);
  expect(await archive.keepAll()).toBe(true);
  expect(await countReceipts(redis, SHARD)).toEqual({ entries: 0, bytes: 0, oldestAt: null });
  // Both hours are over.
  expect(closed).toEqual(['00000001', '00000002']);
});

test('what Redis gave an id of the future, since its clock was set back, is kept as well', async () => {
  const archive = anArchive('one');
  await leave(Date.now() + HOUR_MS, 3);
  const isKept = async () => {
    await archive.keepAll();
    return (await countReceipts(redis, SHARD)).entries === 0;
  };
  expect(await isKept()).toBe(false);
  await waitFor(isKept, { what: 'entries of the future' });
});

test('a gap is written down, and what comes is kept, while closed hours wait for their rows', async () => {
  await redis.sadd('meterbridge:destinations', SHARD);
  const options = { dir, redis, token: 'one', replicas: 0, now: () => Date.now() };
  const metrics = { rowsWritten: COUNTING, roundsFailed: COUNTING, conversionsFailed: COUNTING };
  const archive = new Archive({ ...options, logger: SILENT, metrics } as never);
  closing.push(() => archive.stop());
  await redis.hset(`${KEY}:gaps`, '1/web/filtered', 4);
  const hour = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
  for (let ago = 5; ago > 0; ago--) await leave(hour - ago * HOUR_MS, 20);
  const manifest = () => readManifest(shardFolder(dir, SHARD), SHARD);
  await waitFor(
    async () => {
      await archive.round();
      return (await manifest()).gaps.length > 0;
    },
    { what: 'the gap' },
  );
  expect((await manifest()).files.length).toBeLessThan(5);
  expect(await countReceipts(redis, SHARD)).toMatchObject({ entries: 0 });
  await waitFor(async () => (await manifest()).files.length === 5, { what: 'all rows' });
  expect((await manifest()).gaps).toEqual(await readReceiptGaps(redis, SHARD));
  const areGone = async () => (await listSpools({ dir, shard: SHARD })).length === 0;
  await waitFor(areGone, { what: 'the spools to go' });
});
