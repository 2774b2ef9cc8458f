import type { Redis } from 'ioredis';
import { queueKeys, RECEIVER } from '../keys/keys.js';
import { every } from '../redis/every.js';
import { defineScript } from '../redis/script.js';
import { SCRIPTS } from '../scripts.generated.js';
import { knownShards } from '../state/shards.js';

/** Longer than a bill of a month is disputed; about 300 bytes an hour, source and destination (measured). */
const KEPT_DAYS = 90;
const LOOK_EVERY_MS = 3_600_000;

const forgetScript = defineScript(SCRIPTS['ledger/forget-hours']);

/** @returns how many hours of a source were forgotten */
export async function forgetSettledHours(shard: string, redis: Redis): Promise<number> {
  return forgetScript.run(redis, { hours: queueKeys(shard).hours }, { keptHours: KEPT_DAYS * 24 });
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
