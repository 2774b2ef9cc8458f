import type { Redis } from 'ioredis';
import { destinationOf, shardNumber } from './keys.js';

const KEY = 'meterbridge:destinations';

/** Remembers that a destination has this shard, whatever becomes of the configuration. */
export async function rememberShards(redis: Redis, ...shards: string[]): Promise<void> {
  await redis.sadd(KEY, ...shards);
}

/** Every shard that any destination ever had, configured or not, by name. */
export async function knownShards(redis: Redis): Promise<string[]> {
  return (await redis.smembers(KEY)).toSorted(byName);
}

/** The shards that a destination ever had, by number: the first in any case. */
export async function shardsOf(destination: string, redis: Redis): Promise<string[]> {
  const others = (await knownShards(redis)).filter((shard) => destinationOf(shard) === destination);
  return [...new Set([destination, ...others])];
}

/** Every destination that ever had a queue, configured or not, by name. */
export async function knownDestinations(redis: Redis): Promise<string[]> {
  return [...new Set((await knownShards(redis)).map(destinationOf))];
}

function byName(one: string, other: string): number {
  const [first, second] = [destinationOf(one), destinationOf(other)];
  if (first !== second) return first < second ? -1 : 1;
  return shardNumber(one) - shardNumber(other);
}
