import {
  createMutex,
  findOpenErasures,
  isArchiveHeld,
  knownShards,
  type Mutex,
  type OpenErasure,
  readReceiptGaps,
} from '@meterbridge/queue';
import { convertSpool, endSpool, recordFile, recordGaps } from '@meterbridge/receipts';
import type { ArchivistMetrics, Logger } from '@meterbridge/telemetry';
import type { Redis } from 'ioredis';
import { eraseInShard } from './erase-in-shard.js';
import { ShardArchive } from './shard-archive.js';

export type ArchiveOptions = {
  /** The store's folder. */
  dir: string;
  /** Sends nothing again by itself (`connectProducer`). */
  redis: Redis;
  /** Names this archivist and no other. */
  token: string;
  /** How many replicas have to have a settlement before its receipt is kept. */
  replicas: number;
  /** Epoch milliseconds, by Redis' clock. */
  now: () => number;
  logger: Logger;
  metrics: Pick<ArchivistMetrics, 'rowsWritten' | 'roundsFailed' | 'conversionsFailed'>;
};

type Held = {
  archive: ShardArchive;
  keeping: Promise<void> | undefined;
  failure: string | undefined;
  /** What changes the shard's manifest, one after the other. */
  recording: Mutex;
  /** Gaps as they stand in the manifest, as text. */
  gaps: string;
  /** Spools whose rows are being made, or will be. */
  closed: Set<string>;
  /** While a person is taken out of it. */
  erasing: Promise<void> | undefined;
  /** Of `performance.now`: not before, since it has failed. */
  eraseAfter: number;
};

/** How long after a conversion or an erasure that failed it is begun again. */
const AGAIN_MS = 60_000;

/** All shards' receipts on their way to files of rows: those of each are kept by themselves, and converted one by one. */
export class Archive {
  private readonly options: ArchiveOptions;
  private readonly shards = new Map<string, Held>();
  private readonly leaving = new AbortController();
  private readonly inTurn = createMutex();
  private readonly converting = createMutex();
  private readonly conversions = new Set<Promise<void>>();

  constructor(options: ArchiveOptions) {
    this.options = options;
  }

  /** Begins another round for each shard that has ended its last one. Rejects as Redis does. */
  async round(): Promise<void> {
    const { redis } = this.options;
    const [shards, erasures] = await Promise.all([knownShards(redis), findOpenErasures(redis)]);
    for (const shard of shards) {
      const held = this.shardOf(shard);
      held.keeping ??= this.keep(shard, held, erasures).finally(() => {
        held.keeping = undefined;
      });
    }
  }

  /** Shards that cannot be kept now, and why. */
  failures(): [shard: string, why: string][] {
    return [...this.shards].flatMap(([shard, { failure }]) =>
      failure === undefined ? [] : [[shard, failure]],
    );
  }

  /** Lets what is on its way to the disk arrive; a conversion is ended, and begun again by the next archivist. */
  async stop(): Promise<void> {
    this.leaving.abort();
    await Promise.all([...this.shards.values()].map(({ keeping }) => keeping));
    await Promise.all([...this.shards.values()].map(({ erasing }) => erasing));
    await Promise.all([...this.shards.values()].map(({ archive }) => archive.close()));
    await Promise.all(this.conversions);
  }

  private shardOf(shard: string): Held {
    const known = this.shards.get(shard);
    if (known) return known;
    const { dir, redis, token, replicas, now } = this.options;
    const onClosed = (spool: string) => this.convertLater(shard, spool);
    const { inTurn } = this;
    const archive = new ShardArchive({ dir, shard, redis, token, replicas, now, inTurn, onClosed });
    const held: Held = {
      archive,
      keeping: undefined,
      failure: undefined,
      recording: createMutex(),
      gaps: '[]',
      closed: new Set(),
      erasing: undefined,
      eraseAfter: 0,
    };
    this.shards.set(shard, held);
    return held;
  }

  private async keep(shard: string, held: Held, erasures: readonly OpenErasure[]): Promise<void> {
    const { logger, metrics } = this.options;
    try {
      if (await held.archive.keepAll()) {
        await this.keepGaps(shard, held);
        this.eraseNext(shard, held, erasures);
      }
      if (held.failure !== undefined) logger.info({ shard }, 'archive.kept_again');
      held.failure = undefined;
    } catch (error) {
      const { message } = error as Error;
      metrics.roundsFailed.inc();
      // Said once, and not each second.
      if (held.failure !== message) logger.error({ shard, err: error }, 'archive.not_kept');
      held.failure = message;
    }
  }

  private async keepGaps(shard: string, held: Held): Promise<void> {
    const { redis, dir } = this.options;
    const gaps = await readReceiptGaps(redis, shard);
    const text = JSON.stringify(gaps);
    if (text === held.gaps) return;
    await held.recording(() => recordGaps({ dir, shard }, gaps));
    held.gaps = text;
  }

  /** One person at a time of a shard; beside what is kept and converted, since it may take minutes. */
  private eraseNext(shard: string, held: Held, erasures: readonly OpenErasure[]): void {
    const erasure = erasures.find(({ until }) => until.has(shard));
    if (!erasure || held.erasing || performance.now() < held.eraseAfter) return;
    held.erasing = this.erase(shard, held, erasure).finally(() => {
      held.erasing = undefined;
    });
  }

  private async erase(shard: string, held: Held, erasure: OpenErasure): Promise<void> {
    const { dir, redis, token, replicas, now, logger, metrics } = this.options;
    const { signal } = this.leaving;
    if (signal.aborted) return;
    const commit = (change: () => Promise<void>) =>
      held.recording(async () => {
        if (!(await isArchiveHeld(redis, shard, token))) throw new Error('another archivist has the shard');
        await change();
      });
    try {
      const place = { dir, shard, redis, replicas };
      const erased = await eraseInShard(place, erasure, { archive: held.archive, now, commit, signal });
      if (erased) logger.info({ shard, request: erasure.id, ...erased }, 'archive.erased');
    } catch (error) {
      if (signal.aborted) return;
      metrics.conversionsFailed.inc();
      logger.error({ shard, request: erasure.id, err: error }, 'archive.not_erased');
      held.eraseAfter = performance.now() + AGAIN_MS;
    }
  }

  private convertLater(shard: string, spool: string): void {
    const { closed } = this.shardOf(shard);
    if (closed.has(spool)) return;
    closed.add(spool);
    this.queueConversion(shard, spool);
  }

  private queueConversion(shard: string, spool: string): void {
    const conversion = this.converting(() => this.convert(shard, spool)).finally(() =>
      this.conversions.delete(conversion),
    );
    this.conversions.add(conversion);
  }

  private async convert(shard: string, spool: string): Promise<void> {
    const { dir, logger, metrics } = this.options;
    if (this.leaving.signal.aborted) return;
    const since = performance.now();
    try {
      const { archive, recording, closed } = this.shardOf(shard);
      await archive.keepRules();
      const place = { dir, shard, spool };
      await endSpool(place);
      const file = await convertSpool(place, this.leaving.signal);
      await recording(() => recordFile(place, file));
      closed.delete(spool);
      metrics.rowsWritten.inc(file.rows);
      const { name, rows, bytes } = file;
      logger.info(
        { shard, file: name, rows, bytes, durationMs: Math.round(performance.now() - since) },
        'archive.written',
      );
    } catch (error) {
      if (this.leaving.signal.aborted) return;
      metrics.conversionsFailed.inc();
      logger.error({ shard, spool, err: error }, 'archive.not_written');
      setTimeout(() => this.queueConversion(shard, spool), AGAIN_MS).unref();
    }
  }
}
