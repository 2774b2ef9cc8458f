import { mastersOf } from '@meterbridge/redis-connection';
import type { Redis } from 'ioredis';
import { every } from './every.js';
import { readInfo } from './read-info.js';

export type MemoryWatch = {
  /** What a receiver should answer now: null while there is room. */
  pressure(): { retryAfterSeconds: number } | null;
  /** Redis' `maxmemory` as it was seen last, in bytes; 0 where there is none, or none was seen yet. */
  limitBytes(): number;
  stop(): void;
};

const LOOK_EVERY_MS = 1_000;

type Memory = { usedBytes: number; limitBytes: number };

/**
 * What Redis uses, and its `maxmemory`: 0 for none. Of a Redis Cluster, those of the master that is fullest. Null where
 * the user may not ask. Throws as the client does.
 */
export async function readMemory(redis: Redis): Promise<Memory | null> {
  const all = await Promise.allSettled(mastersOf(redis).map(readServerMemory));
  const told = all.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  const known = told.filter((each) => each !== null);
  const [fullest] = known.toSorted(
    (one, other) => share(other) - share(one) || other.usedBytes - one.usedBytes,
  );
  if (fullest) return fullest;
  if (told.length > 0) return null;
  throw (all[0] as PromiseRejectedResult | undefined)?.reason ?? new Error('no server is known yet');
}

async function readServerMemory(server: Redis): Promise<Memory | null> {
  const field = await readInfo(server, 'memory');
  const used = field('used_memory');
  return used === undefined ? null : { usedBytes: Number(used), limitBytes: Number(field('maxmemory') ?? 0) };
}

function share({ usedBytes, limitBytes }: Memory): number {
  return limitBytes > 0 ? usedBytes / limitBytes : 0;
}

/**
 * Watches Redis' memory, so that senders are told to wait before it is full; deliveries go on meanwhile and
 * make room. @param share of `maxmemory`, 0 to 1, above which new events are refused
 */
export function watchMemory(redis: Redis, share: number): MemoryWatch {
  let full = false;
  let lastLimit = 0;
  const refresh = async () => {
    try {
      const { usedBytes, limitBytes } = (await readMemory(redis)) ?? { usedBytes: 0, limitBytes: 0 };
      lastLimit = limitBytes;
      full = limitBytes > 0 && usedBytes > limitBytes * share;
    } catch {
      // Redis away is the writer's matter: it answers 503, which a remembered 429 would hide.
      full = false;
    }
  };
  const rounds = every(LOOK_EVERY_MS, refresh);
  void refresh();
  // Before there is a connection a look finds nothing, and in the second until the next one much may come.
  redis.on('ready', refresh);
  return {
    pressure: () => (full ? { retryAfterSeconds: 5 } : null),
    limitBytes: () => lastLimit,
    stop() {
      redis.off('ready', refresh);
      rounds.stop();
    },
  };
}
