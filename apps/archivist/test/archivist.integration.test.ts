import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { countReceipts, decodeBatch, type ReceiptEntry } from '@meterbridge/queue';
import { listSpools, readManifest, readSpool, shardFolder } from '@meterbridge/receipts';
import { useRedis, waitFor } from '@meterbridge/testing';
import { expireLocks } from '../../cli/test/expire-locks.js';
import { makeTracks, sendAll } from '../../cli/test/retrying-client.js';
import { type Stack, useStack } from '../../cli/test/run-stack.js';

const suite = useRedis();
const stacks = useStack(suite);

async function openBooks(): Promise<{ stack: Stack; dir: string }> {
  const stack = await stacks.open();
  const dir = join(stack.env.METERBRIDGE_CONFIG!, '..', 'receipts');
  stack.env.RECEIPTS_DIRECTORY = dir;
  return { stack, dir };
}

/** Every entry that is on the archive's disk, in the order of its arrival. */
async function entriesOf(dir: string, shard: string): Promise<ReceiptEntry[]> {
  const entries: ReceiptEntry[] = [];
  for (const spool of await listSpools({ dir, shard })) {
    const file = join(shardFolder(dir, shard), `${spool}.spool`);
    const handle = await open(file);
    for await (const entry of readSpool(handle, file, 'leave')) entries.push(entry);
    await handle.close();
  }
  return entries;
}

/** The events of the settled ones, those of an entry that came twice once. */
function eventsOf(entries: readonly ReceiptEntry[]): string[] {
  const settled = entries.flatMap((entry) => (entry.kind === 'settled' ? [[entry.rev, entry] as const] : []));
  return [...new Map(settled).values()].flatMap(({ batch }) =>
    decodeBatch(batch).map(({ event }) => event.messageId),
  );
}

/** Lets the time pass in Redis that an archivist which was killed has its shards. */
async function expireLeases({ redis }: Stack): Promise<void> {
  await redis.del('meterbridge:{lago}:receipts:holder', 'meterbridge:{hyperline}:receipts:holder');
}

const untilKept = (stack: Stack, shard: string) =>
  waitFor(async () => (await countReceipts(stack.redis, shard)).entries === 0, {
    what: `all receipts of ${shard} to be on disk`,
  });

test('what is settled is on disk and out of Redis within seconds, each delivery once', async () => {
  const { stack, dir } = await openBooks();
  const [receiver, , archivist] = await Promise.all([
    stack.startReady('receiver'),
    stack.startReady('worker'),
    stack.startReady('archivist'),
  ]);
  const tracks = makeTracks(600);
  await sendAll(receiver.url, tracks, 50);
  await stack.settled(tracks.length);
  for (const shard of ['lago', 'hyperline']) {
    await untilKept(stack, shard);
    const events = eventsOf(await entriesOf(dir, shard));
    expect(events.toSorted()).toEqual(tracks.map(({ messageId }) => messageId).toSorted());
    expect(await countReceipts(stack.redis, shard)).toEqual({ entries: 0, bytes: 0, oldestAt: null });
  }
  const metrics = await (await fetch(`${archivist.url}/metrics`)).text();
  expect(metrics).toMatch(/^meterbridge_receipts_waiting\{shard="lago"\} 0$/m);
  archivist.process.signal('SIGTERM');
  expect(await archivist.process.exited).toMatchObject({ code: 0 });
});

test('archivists and workers that are killed again and again: the books are the ledger, event by event', async () => {
  const { stack, dir } = await openBooks();
  const receiver = await stack.startReady('receiver');
  const tracks = makeTracks(4_000);
  const sending = sendAll(receiver.url, tracks, 20);
  for (let round = 0; round < 5; round++) {
    const worker = await stack.startReady('worker', { isFresh: true });
    const archivist = await stack.startReady('archivist', { isFresh: true });
    const before = await stack.account();
    const hasMoved = async () => {
      const { delivered, accepted } = await stack.account();
      return delivered > before.delivered || delivered === accepted;
    };
    await waitFor(hasMoved, { what: 'something to be settled' });
    const keptBefore = (await entriesOf(dir, 'lago')).length;
    const hasKept = async () => (await entriesOf(dir, 'lago')).length > keptBefore;
    // Every other one while it keeps something.
    if (round % 2 === 0) await waitFor(hasKept, { what: 'something to be kept' });
    archivist.process.signal('SIGKILL');
    worker.process.signal('SIGKILL');
    await Promise.all([archivist.process.exited, worker.process.exited]);
    await expireLocks(stack.redis);
    await expireLeases(stack);
  }
  await sending;
  await stack.startReady('worker');
  const accounts = await stack.settled(tracks.length);
  await stack.startReady('archivist');
  for (const shard of ['lago', 'hyperline'] as const) {
    await untilKept(stack, shard);
    const events = eventsOf(await entriesOf(dir, shard));
    const { delivered, duplicate, difference } = accounts[shard];
    expect(difference).toBe(0);
    expect(events).toHaveLength(delivered + duplicate);
    expect(new Set(events)).toEqual(new Set(tracks.map(({ messageId }) => messageId)));
  }
});

test('a second archivist waits, and goes on where the first was killed', async () => {
  const { stack, dir } = await openBooks();
  const receiver = await stack.startReady('receiver');
  await stack.startReady('worker');
  const first = await stack.startReady('archivist', { isFresh: true });
  const tracks = makeTracks(40);
  await sendAll(receiver.url, tracks.slice(0, 20));
  await waitFor(async () => (await entriesOf(dir, 'lago')).length > 0, { what: 'the first receipts' });
  await untilKept(stack, 'lago');
  await stack.startReady('archivist');
  first.process.signal('SIGKILL');
  await first.process.exited;
  await expireLeases(stack);
  await sendAll(receiver.url, tracks.slice(20));
  await stack.settled(tracks.length);
  await untilKept(stack, 'lago');
  // What the first had open is closed by the second, and becomes rows.
  const areAllThere = async () => {
    const { files } = await readManifest(shardFolder(dir, 'lago'), 'lago');
    const rows = files.reduce((sum, file) => sum + file.rows, 0);
    return rows === 20 && eventsOf(await entriesOf(dir, 'lago')).length === 20;
  };
  await waitFor(areAllThere, { what: 'the rows of the first, and the spool of the second' });
});

/** Gives the entries of a shard's stream ids of an hour ago. */
async function age({ redis }: Stack, shard: string): Promise<void> {
  const key = `meterbridge:{${shard}}:receipts`;
  const entries = await redis.xrange(key, '-', '+');
  await redis.del(key);
  for (const [id, fields] of entries) {
    const [ms, number] = id.split('-');
    await redis.xadd(key, `${Number(ms) - 3_600_000}-${number}`, ...fields);
  }
}

test('closed hours become rows, by the versions of the rules that sent them', async () => {
  const { stack, dir } = await openBooks();
  const receiver = await stack.startReady('receiver');
  await stack.startReady('worker');
  const tracks = makeTracks(30);
  await sendAll(receiver.url, tracks);
  await stack.settled(tracks.length);
  for (const shard of ['lago', 'hyperline']) await age(stack, shard);
  await stack.startReady('archivist');
  for (const shard of ['lago', 'hyperline']) {
    const files = () => readManifest(shardFolder(dir, shard), shard).then((manifest) => manifest.files);
    await waitFor(async () => (await files()).length > 0, { what: `the rows of ${shard}` });
    const counts = (await files()).flatMap((file) => Object.values(file.counts).flatMap(Object.values));
    const delivered = counts.reduce<number>(
      (sum, each: { delivered?: number }) => sum + (each.delivered ?? 0),
      0,
    );
    expect(delivered).toBe(tracks.length);
    await waitFor(async () => (await listSpools({ dir, shard })).length === 0, { what: 'the spool to go' });
  }
});

test('without a folder it says what to do', async () => {
  const stack = await stacks.open();
  const archivist = stack.start('archivist');
  expect(await archivist.exited).toMatchObject({ code: 1 });
  expect(archivist.output()).toBe(
    'No receipts are kept: say `receipts: { directory: … }` in the configuration, or set RECEIPTS_DIRECTORY.\n',
  );
});

test('receipts of another Redis are not mixed with those of this one', async () => {
  const { stack, dir } = await openBooks();
  await stack.startReady('archivist');
  const isClaimed = async () => (await stack.redis.exists('meterbridge:receipts:redis')) === 1;
  await waitFor(isClaimed, { what: 'the store to be claimed' });
  await waitFor(() => existsSync(join(dir, 'store.json')), { what: 'its claim on the disk' });
  await stack.redis.del('meterbridge:receipts:redis');
  const another = stack.start('archivist');
  expect(await another.exited).toMatchObject({ code: 1 });
  expect(another.output()).toContain(`The receipts in ${dir} are of another Redis: say another folder`);
});
