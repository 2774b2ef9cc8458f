import { hourAt, splitBucket } from '@meterbridge/delivery';
import type { Redis } from 'ioredis';
import { queueKeys, RECEIVER } from '../keys/keys.js';
import { every } from '../redis/every.js';
import { defineScript } from '../redis/script.js';
import { readStoreTime } from '../redis/store-clock.js';
import { SCRIPTS } from '../scripts.generated.js';
import { knownShards } from '../state/shards.js';

/** Longer than a bill of a month is disputed; about 300 bytes an hour, source and destination (measured). */
const KEPT_DAYS = 90;
const LOOK_EVERY_MS = 3_600_000;

const forgetScript = defineScript(SCRIPTS['ledger/forget-hours']);

/** Fields that one look goes over, and buckets that one script does: one to two milliseconds of Redis (measured). */
const FIELDS_AT_ONCE = 500;
const BUCKETS_AT_ONCE = 100;

/**
 * Forgets the old hours of a shard, in portions: of a hundred sources there are a million fields, and others have
 * turns in between.
 * @returns how many hours of a source were forgotten
 */
export async function forgetSettledHours(shard: string, redis: Redis): Promise<number> {
  const { hours } = queueKeys(shard);
  const buckets = await findOldBuckets(hours, redis);
  let forgotten = 0;
  for (let from = 0; from < buckets.length; from += BUCKETS_AT_ONCE) {
    const fields = buckets.slice(from, from + BUCKETS_AT_ONCE).flat();
    forgotten += await forgetScript.run<number>(redis, { hours }, { fields });
  }
  return forgotten;
}

/** The fields of each bucket that is old by Redis' own clock. One is whole once all fields were seen. */
async function findOldBuckets(hours: string, redis: Redis): Promise<string[][]> {
  const oldest = hourAt(await readStoreTime(redis)) - KEPT_DAYS * 24;
  const buckets = new Map<string, Set<string>>();
  let cursor = '0';
  do {
    const [next, pairs] = await redis.hscan(hours, cursor, 'COUNT', FIELDS_AT_ONCE);
    cursor = next;
    for (let i = 0; i < pairs.length; i += 2) {
      const field = pairs[i]!;
      const bucket = field.slice(0, field.lastIndexOf('/'));
      if (!(splitBucket(bucket).hour < oldest)) continue;
      const fields = buckets.get(bucket) ?? new Set();
      // A scan may tell of a field twice.
      buckets.set(bucket, fields.add(field));
    }
  } while (cursor !== '0');
  return [...buckets.values()].map((fields) => [...fields]);
}

/**
 * Looks now and every hour, at every shard of every destination there ever was. Each worker does it: a second look finds
 * nothing. While Redis is away or full there is nothing to be said; the next look comes.
 */
export function startHourRetention(redis: Redis): { stop(): void } {
  const look = async () => {
    for (const name of [...(await knownShards(redis)), RECEIVER]) await forgetSettledHours(name, redis);
  };
  look().catch(() => {});
  return every(LOOK_EVERY_MS, look);
}
