import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { type Config, settingsToTell } from '@meterbridge/config';
import {
  assertDurableRedis,
  connectProducer,
  countReceipts,
  createStoreClock,
  every,
  knownShards,
  placeOf,
  readReceiptGaps,
  redisErrorWords,
  redisIdentity,
  startProcessBeat,
  type UnsafeRedisError,
  watchFormats,
} from '@meterbridge/queue';
import { claimStore, ForeignStoreError } from '@meterbridge/receipts';
import { type ArchivistMetrics, type Logger, RedisOutages } from '@meterbridge/telemetry';
import { startOperations } from '@meterbridge/telemetry/operations-server';
import type { Redis } from 'ioredis';
import { Archive } from './archive.js';

export type ArchivistProcess = {
  port: number;
  /** What is on its way to the disk arrives; the rest waits in Redis for the next archivist. */
  stop(): Promise<void>;
};

export type ProcessDeps = {
  logger: Logger;
  metrics: ArchivistMetrics;
  /** Which version of the program it is. */
  version: string;
  /**
   * Told once nothing may be touched any more: a newer version has changed the form of what lies in Redis, or the
   * receipts in the folder are of another Redis.
   */
  onRefused: (error: UnsafeRedisError | ForeignStoreError) => void;
};

/** Receipts are on disk within seconds: so much less is in Redis, and so much sooner can anybody ask for them. */
const ROUND_EVERY_MS = 1_000;

/**
 * Builds the archivist and begins. Its operations routes answer at once; where Redis is away it waits.
 * @throws Error where the store's folder cannot be made
 */
export async function composeArchivist(
  config: Config & { receipts: NonNullable<Config['receipts']> },
  { logger, metrics, version, onRefused }: ProcessDeps,
): Promise<ArchivistProcess> {
  const { directory: dir } = config.receipts;
  await mkdir(dir, { recursive: true, mode: 0o700 });
  let isLeaving = false;
  const outages = new RedisOutages({ logger, server: placeOf(config.redis.url) });
  const redis = connectProducer(config.redis.url, (error) => outages.onError(redisErrorWords(error)));
  redis.on('ready', () => outages.onReady());
  redis.on('close', () => {
    if (!isLeaving) outages.onLost();
  });
  const clock = createStoreClock(redis);
  const { replicas } = config.redis;
  const archive = new Archive({ dir, redis, token: randomUUID(), replicas, now: clock.now, logger, metrics });
  const operations = await startOperations(config.ports.archivist, {
    ready: () => readinessOf(redis, archive),
    metrics,
    config: () => config.hash,
  });
  metrics.showConfig(config.hash);
  metrics.watchReceipts(() => readReceiptStatus(redis, clock.now()));
  const formats = watchFormats(redis, onRefused);
  const beat = startProcessBeat(redis, { role: 'archivist', version }, clock.now);
  const opened = new Opening(redis, config, logger, async () => {
    await clock.synchronize();
    await claimStore(dir, await redisIdentity(redis, randomUUID())).catch((error) => {
      if (error instanceof ForeignStoreError) onRefused(error);
      throw error;
    });
    await beat.say({ hash: config.hash, rules: new Map(), settings: settingsToTell(config) });
  });
  const rounds = every(ROUND_EVERY_MS, async () => {
    if (redis.status === 'ready' && (await opened.isDone())) await archive.round();
  });

  return {
    port: operations.port,
    async stop() {
      isLeaving = true;
      rounds.stop();
      await archive.stop();
      await beat.stop();
      await operations.close();
      formats.stop();
      clock.stop();
      redis.disconnect();
    },
  };
}

/** What has to have been done once before the first round, as soon as Redis answers. */
class Opening {
  private readonly open: () => Promise<void>;
  private isOpen = false;

  constructor(redis: Redis, config: Config, logger: Logger, open: () => Promise<void>) {
    this.open = async () => {
      // What lies there is kept all the same: a Redis that loses data is no reason to leave it there longer.
      await assertDurableRedis(redis, true, ({ what, level, detail }) =>
        logger.warn({ what, verdict: level, detail }, 'redis.unsafe'),
      );
      await open();
      logger.info({ directory: config.receipts!.directory }, 'archive.open');
    };
  }

  /** Rejects as Redis does; then it is asked again. */
  async isDone(): Promise<boolean> {
    if (!this.isOpen) await this.open();
    this.isOpen = true;
    return true;
  }
}

function readinessOf(redis: Redis, archive: Archive): { ready: boolean; reason?: string } {
  if (redis.status !== 'ready') return { ready: false, reason: 'Redis cannot be reached' };
  const [failure] = archive.failures();
  return failure ? { ready: false, reason: `${failure[0]}: ${failure[1]}` } : { ready: true };
}

async function readReceiptStatus(redis: Redis, now: number) {
  const shards = await knownShards(redis);
  return Promise.all(
    shards.map(async (shard) => {
      const [{ entries, bytes, oldestAt }, gaps] = await Promise.all([
        countReceipts(redis, shard),
        readReceiptGaps(redis, shard),
      ]);
      const missing = gaps.reduce((sum, { deliveries, filtered }) => sum + deliveries + filtered, 0);
      return {
        shard,
        entries,
        bytes,
        oldestSeconds: oldestAt === null ? 0 : (now - oldestAt) / 1_000,
        missing,
      };
    }),
  );
}
