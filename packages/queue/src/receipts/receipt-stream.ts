import type { Redis } from 'ioredis';
import type { BatchData } from '../batch/batch-codec.js';
import { type QueueKeys, queueKeys } from '../keys/keys.js';
import { writeReplicated } from '../redis/replication.js';
import { defineScript } from '../redis/script.js';
import { SCRIPTS } from '../scripts.generated.js';
import type { ReceiptEntry, ReceiptTold } from './receipt-entry.js';

const holdScript = defineScript(SCRIPTS['receipts/hold-archive']);
const releaseScript = defineScript(SCRIPTS['receipts/release']);

export type ArchiveHold = 'kept' | 'taken' | 'other';

/** How long an archivist has a shard's archive without another word. */
export const ARCHIVE_HELD_MS = 15_000;

const holderOf = ({ receipts }: QueueKeys) => `${receipts}:holder`;

/**
 * Takes the archive of a shard, or keeps it. What was written to this shard before is on the replicas then, too.
 * @param redis sends nothing again by itself (`connectProducer`)
 * @returns `kept` where it had it until now; `taken` where it had not, so that another may have been at it meanwhile;
 *   `other` where another archivist has it
 * @throws as `writeReplicated`
 */
export async function holdArchive(
  redis: Redis,
  shard: string,
  token: string,
  replicas = 0,
): Promise<ArchiveHold> {
  const holder = holderOf(queueKeys(shard));
  const hold = () => holdScript.run<ArchiveHold>(redis, { holder }, { token, heldMs: ARCHIVE_HELD_MS });
  return writeReplicated(redis, holder, replicas, hold);
}

/** Whether an archivist has a shard's archive still, as far as Redis knows at this moment. */
export async function isArchiveHeld(redis: Redis, shard: string, token: string): Promise<boolean> {
  return (await redis.get(holderOf(queueKeys(shard)))) === token;
}

/**
 * The oldest receipts of a shard that wait.
 * @param until epoch milliseconds by Redis' clock: none that is younger
 * @returns `entry` left out where somebody has taken its job away by hand: it is a gap once it is let go of
 */
export async function readReceipts(
  redis: Redis,
  shard: string,
  { until, count }: { until: number; count: number },
): Promise<{ id: string; entry?: ReceiptEntry }[]> {
  const { receipts } = queueKeys(shard);
  const read = await readStream(redis, receipts, { from: '-', until, count });
  return read.map(([id, entry]) => (entry ? { id, entry } : { id }));
}

/** When the youngest receipt of a shard was settled, by the id that Redis gave it: epoch milliseconds; null where none waits. */
export async function readNewestReceipt(redis: Redis, shard: string): Promise<number | null> {
  const [newest] = await redis.xrevrange(queueKeys(shard).receipts, '+', '-', 'COUNT', 1);
  return newest ? Number.parseInt(newest[0], 10) : null;
}

/** Entries that are looked at together: of the largest jobs 60 MB. */
const LOOKED_AT_ONCE = 100;

/**
 * All receipts of a shard that wait now, oldest first, for a look: nothing is taken away. What the archivist lets go of
 * meanwhile may be passed over; it is on its disk then, and so in books that are opened afterwards.
 */
export async function* walkReceipts(redis: Redis, shard: string): AsyncGenerator<ReceiptEntry, void> {
  const { receipts } = queueKeys(shard);
  const [last] = await redis.xrevrange(receipts, '+', '-', 'COUNT', 1);
  if (!last) return;
  for (let from = '-'; ; ) {
    const read = await readStream(redis, receipts, { from, until: last[0], count: LOOKED_AT_ONCE });
    for (const [, entry] of read) if (entry) yield entry;
    if (read.length < LOOKED_AT_ONCE) return;
    from = `(${read.at(-1)![0]}`;
  }
}

/** Entries of the stream; null for one whose job is not where it says. */
async function readStream(
  redis: Redis,
  receipts: string,
  { from, until, count }: { from: string; until: string | number; count: number },
): Promise<[id: string, entry: ReceiptEntry | null][]> {
  const found = await redis.xrange(receipts, from, until, 'COUNT', count);
  const told = found.map(([id, fields]) => [id, fieldsOf(fields)] as const);
  const jobs = told.flatMap(([, { job }]) => job ?? []);
  const texts = new Map<string, string | null>();
  await Promise.all(jobs.map(async (job) => texts.set(job, await redis.hget(job, 'data'))));
  return told.map(([id, { job, part, settled, filtered }]) => {
    if (filtered !== undefined) return [id, { id, kind: 'filtered', filtered: JSON.parse(filtered) }];
    const batch = part ?? texts.get(job ?? '');
    if (!settled || !batch) return [id, null];
    const entry = { ...(JSON.parse(settled) as ReceiptTold), batch: JSON.parse(batch) as BatchData };
    return [id, { id, kind: 'settled', ...entry }];
  });
}

function fieldsOf(flat: readonly string[]): Partial<Record<string, string>> {
  const fields: Record<string, string> = {};
  for (let i = 0; i < flat.length; i += 2) fields[flat[i]!] = flat[i + 1]!;
  return fields;
}

/**
 * Lets go of receipts that are on the archive's own disk.
 * @returns false where another archivist has the shard's archive: it lets go of them itself
 */
export async function releaseReceipts(
  redis: Redis,
  shard: string,
  token: string,
  ids: readonly string[],
): Promise<boolean> {
  const keys = queueKeys(shard);
  const { receipts, receiptBytes, receiptGaps } = keys;
  const released = await releaseScript.run<number>(
    redis,
    { holder: holderOf(keys), receipts, receiptBytes, receiptGaps },
    { token, ids },
  );
  return released >= 0;
}

/** What ended without a receipt since too much waited, of one bucket. */
export type ReceiptGap = {
  bucket: string;
  deliveries: number;
  /** Events that no rule took. */
  filtered: number;
  /** Of the deliveries' own times, epoch milliseconds; absent where unknown. */
  eventFrom?: number;
  eventTo?: number;
};

/** All that a shard has ever left out; a reader of it keeps what it knows already. */
export async function readReceiptGaps(redis: Redis, shard: string): Promise<ReceiptGap[]> {
  const gaps = new Map<string, ReceiptGap>();
  for (const [name, value] of Object.entries(await redis.hgetall(queueKeys(shard).receiptGaps))) {
    const end = name.lastIndexOf('/');
    const bucket = name.slice(0, end);
    const gap = gaps.get(bucket) ?? { bucket, deliveries: 0, filtered: 0 };
    gaps.set(bucket, { ...gap, ...readGapField(name.slice(end + 1), value) });
  }
  return [...gaps.values()];
}

function readGapField(field: string, value: string): Partial<ReceiptGap> {
  if (field === 'from') return { eventFrom: Date.parse(value) };
  if (field === 'to') return { eventTo: Date.parse(value) };
  return { [field]: Number(value) };
}

const IDENTITY = 'meterbridge:receipts:redis';

/** The name of this Redis, and of no other, for who keeps receipts of several apart. @param fresh where it has none yet */
export async function redisIdentity(redis: Redis, fresh: string): Promise<string> {
  await redis.setnx(IDENTITY, fresh);
  return (await redis.get(IDENTITY)) ?? fresh;
}

/** How much of a shard's receipts waits: entries, bytes (about), and since when, epoch milliseconds; null where nothing does. */
export async function countReceipts(
  redis: Redis,
  shard: string,
): Promise<{ entries: number; bytes: number; oldestAt: number | null }> {
  const { receipts, receiptBytes } = queueKeys(shard);
  const [entries, bytes, oldest] = await Promise.all([
    redis.xlen(receipts),
    redis.get(receiptBytes),
    redis.xrange(receipts, '-', '+', 'COUNT', 1),
  ]);
  const first = oldest[0]?.[0].split('-')[0];
  return { entries, bytes: Number(bytes ?? 0), oldestAt: first === undefined ? null : Number(first) };
}
