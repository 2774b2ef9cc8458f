import type { Redis } from 'ioredis';
import { queueKeys } from '../keys/keys.js';
import { writeReplicated } from '../redis/replication.js';

/*
 * The versions of a destination's rules, by which what may have arrived is mapped for ever. A version is a few
 * kilobytes and a configuration changes some hundred times: they are kept for good.
 */

const rulesKey = (destination: string) => `${queueKeys(destination).prefix}:rules`;

/**
 * Keeps a version of a destination's rules, where it is not kept yet. To be called before a job names it.
 * @param text the rules; without any secret
 * @param replicas have to have it; only for a client that sends nothing again by itself, 0 for any other
 * @throws as `writeReplicated`
 */
export async function keepRules(
  redis: Redis,
  destination: string,
  { version, text }: { version: string; text: string },
  replicas = 0,
): Promise<void> {
  const key = rulesKey(destination);
  await writeReplicated(redis, key, replicas, () => redis.hset(key, version, text));
}

/** Every version that is kept of a destination's rules, by name. */
export async function readAllRules(redis: Redis, destination: string): Promise<Map<string, string>> {
  return new Map(Object.entries(await redis.hgetall(rulesKey(destination))));
}

/** The rules of a version, as they were kept; null where nobody has kept them. */
export async function readRules(redis: Redis, destination: string, version: string): Promise<string | null> {
  return redis.hget(rulesKey(destination), version);
}
