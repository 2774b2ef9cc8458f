import { existsSync } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import {
  destinationOf,
  holdArchive,
  type ReceiptEntry,
  readAllRules,
  readReceipts,
  releaseReceipts,
} from '@meterbridge/queue';
import {
  listSpools,
  nextSpool,
  openSpool,
  readSpool,
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
  /** A spool gets nothing more: its rows can be made. */
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

/**
 * The way of one shard's receipts from Redis to the archive's own disk. Redis lets go of what is there, and nothing
 * else: whatever ends this process, what it had in hand is read again, and rows of one settlement are made once.
 */
export class ShardArchive {
  private readonly options: ShardArchiveOptions;
  private open: { name: string; spool: Spool; hour: number | undefined } | undefined;
  private isHeld = false;
  private readonly knownRules = new Set<string>();

  constructor(options: ShardArchiveOptions) {
    this.options = options;
  }

  /**
   * Keeps all that waits; rejects as Redis or the disk does, and may be called again then.
   * @returns false where another archivist has the shard
   */
  async keepAll(): Promise<boolean> {
    if (!(await this.hold())) return false;
    for (;;) {
      const entries = await this.read();
      if (entries.length > 0 && !(await this.keep(entries))) return false;
      if (entries.length < PORTION) break;
    }
    await this.closeOver(hourOf(this.options.now() - SETTLED_FOR_MS));
    return true;
  }

  async close(): Promise<void> {
    await this.open?.spool.close();
    this.open = undefined;
    this.isHeld = false;
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
    if (!(await holdArchive(redis, shard, token, replicas))) {
      await this.close();
      return false;
    }
    if (!this.isHeld) await this.begin();
    return true;
  }

  /** Goes on with what an archivist before has left. */
  private async begin(): Promise<void> {
    const { dir, shard, onClosed } = this.options;
    const folder = shardFolder(dir, shard);
    await mkdir(join(folder, 'rules'), { recursive: true, mode: 0o700 });
    await tidyShard({ dir, shard });
    await this.keepRules();
    const spools = await listSpools({ dir, shard });
    const last = spools.pop();
    for (const spool of spools) onClosed(spool);
    if (last !== undefined) {
      const spool = await openSpool({ dir, shard, spool: last });
      this.open = { name: last, spool, hour: await firstHour(spool) };
    }
    this.isHeld = true;
  }

  /** What is on the replicas, too: a settlement that a failover undoes is settled again. */
  private async read(): Promise<ReceiptEntry[]> {
    const { redis, shard, token, replicas, now } = this.options;
    const entries = await readReceipts(redis, shard, {
      until: Math.floor(now() - SETTLED_FOR_MS),
      count: PORTION,
    });
    if (entries.length > 0 && replicas > 0 && !(await holdArchive(redis, shard, token, replicas))) {
      await this.close();
      return [];
    }
    return entries;
  }

  private async keep(entries: ReceiptEntry[]): Promise<boolean> {
    const { redis, shard, token } = this.options;
    if (
      entries.some((entry) => entry.kind === 'settled' && entry.rules && !this.knownRules.has(entry.rules))
    ) {
      await this.keepRules();
    }
    for (const [hour, some] of byHour(entries)) {
      const { spool } = await this.spoolOf(hour);
      await spool.append(some);
      const ids = some.map(({ id }) => id);
      if (await releaseReceipts(redis, shard, token, ids)) continue;
      await this.close();
      return false;
    }
    return true;
  }

  /** An hour's spool; an entry of an hour that is closed already goes into the one that is open. */
  private async spoolOf(hour: number): Promise<{ spool: Spool }> {
    await this.closeOver(hour);
    if (this.open) {
      this.open.hour ??= hour;
      return this.open;
    }
    const { dir, shard } = this.options;
    const name = await nextSpool({ dir, shard });
    this.open = { name, spool: await openSpool({ dir, shard, spool: name }), hour };
    return this.open;
  }

  /** Closes a spool of an hour before this one. */
  private async closeOver(hour: number): Promise<void> {
    if (this.open?.hour === undefined || this.open.hour >= hour) return;
    const { name, spool } = this.open;
    this.open = undefined;
    await spool.close();
    this.options.onClosed(name);
  }
}

/** Of its first entry; undefined where it is empty. */
async function firstHour({ file }: Spool): Promise<number | undefined> {
  const handle = await open(file);
  try {
    for await (const { id } of readSpool(handle, file, 'leave')) return hourOf(Number.parseInt(id, 10));
    return undefined;
  } finally {
    await handle.close();
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
