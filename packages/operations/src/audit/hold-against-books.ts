import { setTimeout as sleep } from 'node:timers/promises';
import { bucketOf, hourAt } from '@meterbridge/delivery';
import { type AuditLine, destinationOf, RECEIVER, readAudit } from '@meterbridge/queue';
import type { ReceiptCounts, ReceiptReader } from '@meterbridge/receipts';
import type { Redis } from 'ioredis';
import { type BooksStore, withBooks } from '../books/books.js';
import { archivedUpTo, readRedisTime } from '../reconcile/archived-up-to.js';
import { groupBy } from '../reconcile/group-by.js';
import { type BooksVerdict, judgeBooks, type KeptCounts, type LedgerBucket } from './judge-books.js';
import type { CheckedLine } from './report.js';

/** An archivist that runs has everything within seconds; one that is behind by more is not waited for. */
const ARCHIVED_WITHIN_MS = 10_000;
const BEHIND_MS = 60_000;
const LOOK_EVERY_MS = 250;

/** One hour of a source, over all shards of a destination. */
type Bucket = LedgerBucket & { bucket: string };

/**
 * Holds lines of the ledger against the books of their destinations. The manifests answer for nearly all; where they do
 * not, what lies in spools is counted; and what differs then is looked at again, ledger and books, once all that was
 * settled before is on the archivist's disk.
 */
export async function holdAgainstBooks(
  lines: readonly AuditLine[],
  redis: Redis,
  store: Pick<BooksStore, 'open'>,
): Promise<CheckedLine[]> {
  const checked: CheckedLine[] = [];
  for (const [destination, some] of groupBy(lines, (line) => destinationOf(line.destination))) {
    if (destination === RECEIVER) checked.push(...some);
    else checked.push(...(await holdOne(destination, some, redis, store)));
  }
  return checked;
}

async function holdOne(
  destination: string,
  lines: readonly AuditLine[],
  redis: Redis,
  store: Pick<BooksStore, 'open'>,
): Promise<CheckedLine[]> {
  const buckets = bucketsOf(lines);
  const nowHour = hourAt(await readRedisTime(redis));
  const verdicts = await withBooks(store, destination, (books) => judgeAll(buckets, books, nowHour));
  if ([...verdicts.values()].some(({ state }) => state === 'differs')) {
    await lookAgain(destination, buckets, verdicts, { redis, store, nowHour });
  }
  return withVerdicts(lines, verdicts);
}

/** By the manifests alone; with what lies in spools where those are not enough. */
async function judgeAll(
  buckets: ReadonlyMap<string, Bucket>,
  books: Pick<ReceiptReader, 'counts' | 'spooledCounts' | 'beginsAt'>,
  nowHour: number,
): Promise<Map<string, BooksVerdict>> {
  const { counts, gaps } = await books.counts();
  const begin = await books.beginsAt();
  const beginHour = begin === null ? null : hourAt(begin);
  const judge = (all: ReceiptCounts[]) => {
    const kept: KeptCounts = { counts: all, gaps, beginHour };
    return new Map([...buckets].map(([name, each]) => [name, judgeBooks(each, name, kept, nowHour)]));
  };
  const verdicts = judge([counts]);
  const isEnough = [...verdicts.values()].every(({ state }) => state !== 'differs');
  return isEnough ? verdicts : judge([counts, await books.spooledCounts()]);
}

type Again = { redis: Redis; store: Pick<BooksStore, 'open'>; nowHour: number };

/** What stands is what differs twice while the ledger says the same. */
async function lookAgain(
  destination: string,
  buckets: ReadonlyMap<string, Bucket>,
  verdicts: Map<string, BooksVerdict>,
  { redis, store, nowHour }: Again,
): Promise<void> {
  const isArchived = await waitUntilArchived(destination, redis);
  const second = await withBooks(store, destination, (books) => judgeAll(buckets, books, nowHour));
  const after = bucketsOf(await readAudit(destination, redis));
  for (const [name, verdict] of second) {
    if (verdict.state !== 'differs') verdicts.set(name, verdict);
    else if (!isArchived) verdicts.set(name, { ...verdict, state: 'waiting' });
    // Replayed or settled meanwhile: the next audit tells.
    else if (!isSame(buckets.get(name)!, after.get(name))) verdicts.set(name, { ...verdict, state: 'open' });
    else verdicts.set(name, verdict);
  }
}

/** @returns false where something that was settled before still waits */
async function waitUntilArchived(destination: string, redis: Redis): Promise<boolean> {
  // What is settled in this very millisecond belongs to it.
  const moment = (await readRedisTime(redis)) + 1;
  const deadline = performance.now() + ARCHIVED_WITHIN_MS;
  for (;;) {
    const archived = await archivedUpTo(redis, destination);
    if (archived >= moment) return true;
    if (performance.now() > deadline || archived < moment - BEHIND_MS) return false;
    await sleep(LOOK_EVERY_MS);
  }
}

/** By `<hour>/<source>`. Pure. */
function bucketsOf(lines: readonly AuditLine[]): Map<string, Bucket> {
  const buckets = new Map<string, Bucket>();
  for (const { hour, source, delivered, duplicate, filtered, inFlight } of lines) {
    if (hour === null || source === null) continue;
    const bucket = bucketOf(hour, source);
    const known = buckets.get(bucket);
    buckets.set(bucket, {
      bucket,
      hour,
      delivered: delivered + (known?.delivered ?? 0),
      duplicate: duplicate + (known?.duplicate ?? 0),
      filtered: filtered + (known?.filtered ?? 0),
      inFlight: inFlight + (known?.inFlight ?? 0),
    });
  }
  return buckets;
}

function isSame(one: Bucket, other: Bucket | undefined): boolean {
  const fields = ['delivered', 'duplicate', 'filtered', 'inFlight'] as const;
  return fields.every((field) => one[field] === other?.[field]);
}

/** A bucket of which shards have lines of their own is told once. Pure. */
function withVerdicts(
  lines: readonly AuditLine[],
  verdicts: ReadonlyMap<string, BooksVerdict>,
): CheckedLine[] {
  const told = new Set<string>();
  return lines.map((line) => {
    const bucket = line.hour === null || line.source === null ? undefined : bucketOf(line.hour, line.source);
    if (bucket === undefined || told.has(bucket)) return line;
    told.add(bucket);
    return { ...line, books: verdicts.get(bucket) };
  });
}
