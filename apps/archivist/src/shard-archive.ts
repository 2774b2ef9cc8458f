import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  destinationOf,
  holdArchive,
  type Mutex,
  type ReceiptEntry,
  readAllRules,
  readNewestReceipt,
  readReceipts,
  releaseReceipts,
} from '@meterbridge/queue';
import {
  beginSpool,
  listSpools,
  makePersonKey,
  nextSpool,
  replaceFile,
  rulesFile,
  type Spool,
  shardFolder,
  tidyShard,
} from '@meterbridge/receipts';
import type { Redis } from 'ioredis';

export type ShardArchiveOptions = {
  /** The store's folder. */
  dir: string;
  shard: string;
  /** Sends nothing again by itself (`connectProducer`). */
  redis: Redis;
  /** Names this archivist and no other. */
  token: string;
  /** How many replicas have to have a settlement before its receipt is kept. */
  replicas: number;
  /** Epoch milliseconds, by Redis' clock. */
  now: () => number;
  /** The turns in which portions of all shards are in memory: one after the other. */
  inTurn: Mutex;
  /** A spool gets nothing more: its rows can be made. May be told again. */
  onClosed: (spool: string) => void;
};

/**
 * A Redis that writes to its disk each second may forget two: what is younger is not kept yet, or the books would have
 * a settlement that never was.
 */
const SETTLED_FOR_MS = 2_000;
/** Entries that are in hand at once: of the largest jobs 60 MB. */
const PORTION = 100;
const HOUR_MS = 3_600_000;

/** What became of one portion. */
type Portion = 'more' | 'all' | 'lost';

/**
 * The way of one shard's receipts from Redis to the archive's own disk. Redis lets go of what is there, and nothing
 * else: whatever ends this process, what it had in hand is read again, and rows of one settlement are made once. A spool
 * is written by the one that began it: who takes over a shard closes those that it finds.
 */
export class ShardArchive {
  private readonly options: ShardArchiveOptions;
  private open: { name: string; spool: Spool; hour: number } | undefined;
  private isTidy = false;
  private readonly knownRules = new Set<string>();
  /** The youngest entry of some while ago, by its id, and when that was, by the monotonic clock. */
  private newest: { ms: number; seenAt: number } | undefined;
  /** The spool that gets nothing more after this round. */
  private ending: string | undefined;

  constructor(options: ShardArchiveOptions) {
    this.options = options;
  }

  /**
   * Keeps all that waits; rejects as Redis or the disk does, and may be called again then.
   * @returns false where another archivist has the shard
   */
  async keepAll(): Promise<boolean> {
    for (;;) {
      if (!(await this.hold())) return false;
      const portion = await this.options.inTurn(() => this.keepPortion());
      if (portion === 'lost') return false;
      if (portion === 'all') break;
    }
    if (this.open && this.open.name === this.ending) await this.close();
    await this.closeOver(hourOf(this.options.now() - SETTLED_FOR_MS));
    return true;
  }

  /** The spool that still gets entries, if there is one. */
  get beginSpool(): string | undefined {
    return this.open?.name;
  }

  /** Has a spool closed before its hour is over, by the next round. One that is not open any more stays as it is. */
  closeEarly(spool: string): void {
    this.ending = spool;
  }

  /** Nothing more is appended to what is open. */
  async close(): Promise<void> {
    if (!this.open) return;
    const { name, spool } = this.open;
    this.open = undefined;
    await spool.close();
    this.options.onClosed(name);
  }

  /** Writes down every version of the rules that Redis keeps. Before rows are made: they are made by these. */
  async keepRules(): Promise<void> {
    const { dir, shard, redis } = this.options;
    for (const [version, text] of await readAllRules(redis, destinationOf(shard))) {
      const file = rulesFile(shardFolder(dir, shard), version);
      if (file !== null && !existsSync(file)) await replaceFile(file, text);
      this.knownRules.add(version);
    }
  }

  private async hold(): Promise<boolean> {
    const { redis, shard, token, replicas } = this.options;
    const held = await holdArchive(redis, shard, token, replicas);
    if (held === 'kept') return true;
    // Another may have been here meanwhile, and made rows of what was open.
    await this.close();
    if (held === 'other') return false;
    await this.begin();
    return true;
  }

  /** Has what was left by an archivist before made rows of. */
  private async begin(): Promise<void> {
    const { dir, shard, onClosed } = this.options;
    await mkdir(join(shardFolder(dir, shard), 'rules'), { recursive: true, mode: 0o700 });
    await makePersonKey(dir);
    // Later there are conversions of its own at work.
    if (!this.isTidy) await tidyShard({ dir, shard });
    this.isTidy = true;
    await this.keepRules();
    for (const spool of await listSpools({ dir, shard })) onClosed(spool);
  }

  private async keepPortion(): Promise<Portion> {
    const { redis, shard, token, replicas } = this.options;
    const until = await this.settledUntil();
    const read = await readReceipts(redis, shard, { until, count: PORTION });
    if (read.length === 0) return 'all';
    // What is on the replicas, too: a settlement that a failover undoes is settled again.
    if (replicas > 0 && (await holdArchive(redis, shard, token, replicas)) !== 'kept') return 'lost';
    const entries = read.flatMap(({ entry }) => entry ?? []);
    if (entries.some(this.namesNewRules)) await this.keepRules();
    for (const [hour, some] of byHour(entries)) await this.append(hour, some);
    const ids = read.map(({ id }) => id);
    if (!(await releaseReceipts(redis, shard, token, ids))) return 'lost';
    return read.length < PORTION ? 'all' : 'more';
  }

  private readonly namesNewRules = (entry: ReceiptEntry): boolean =>
    entry.kind === 'settled' && entry.rules !== undefined && !this.knownRules.has(entry.rules);

  /**
   * Up to which moment of the stream everything has been there for long enough. Where Redis' clock was set back, its ids
   * go on from the future: then what was seen some while ago has.
   */
  private async settledUntil(): Promise<number> {
    const { redis, shard, now } = this.options;
    const until = Math.floor(now() - SETTLED_FOR_MS);
    const isOld = this.newest && performance.now() - this.newest.seenAt >= SETTLED_FOR_MS;
    const seen = isOld ? this.newest!.ms : 0;
    if (isOld || !this.newest) {
      const ms = await readNewestReceipt(redis, shard);
      this.newest = ms === null ? undefined : { ms, seenAt: performance.now() };
    }
    return Math.max(until, seen);
  }

  private async append(hour: number, entries: ReceiptEntry[]): Promise<void> {
    const { spool } = await this.spoolOf(hour);
    try {
      await spool.append(entries);
    } catch (error) {
      // Whatever of it is on the disk is read to its end, and no further.
      await this.close().catch(() => {});
      throw error;
    }
  }

  /** An hour's spool; an entry of an hour that is closed already goes into the one that is open. */
  private async spoolOf(hour: number): Promise<{ spool: Spool }> {
    await this.closeOver(hour);
    if (this.open) return this.open;
    const { dir, shard } = this.options;
    const name = await nextSpool({ dir, shard });
    this.open = { name, spool: await beginSpool({ dir, shard, spool: name }), hour };
    return this.open;
  }

  /** Closes a spool of an hour before this one. */
  private async closeOver(hour: number): Promise<void> {
    if (this.open && this.open.hour < hour) await this.close();
  }
}

function hourOf(ms: number): number {
  return Math.floor(ms / HOUR_MS);
}

/** In their order. Pure. */
function byHour(entries: readonly ReceiptEntry[]): [number, ReceiptEntry[]][] {
  const runs: [number, ReceiptEntry[]][] = [];
  for (const entry of entries) {
    const hour = hourOf(Number.parseInt(entry.id, 10));
    const last = runs.at(-1);
    if (last?.[0] === hour) last[1].push(entry);
    else runs.push([hour, [entry]]);
  }
  return runs;
}
