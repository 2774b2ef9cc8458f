import type { Redis } from 'ioredis';
import { readStanding, type Standing } from './ledger.js';

const KEY = 'meterbridge:destinations';

/** Remembers that a destination has a queue, whatever becomes of the configuration. */
export async function rememberDestination(redis: Redis, destination: string): Promise<void> {
  await redis.sadd(KEY, destination);
}

/** Every destination that ever had a queue, configured or not, by name. */
export async function knownDestinations(redis: Redis): Promise<string[]> {
  return (await redis.smembers(KEY)).sort();
}

/**
 * Destinations that are no longer configured and still have deliveries waiting or dead letters: removed or
 * renamed too early. No worker takes their jobs, and no replay their dead letters.
 */
export async function findForgotten(redis: Redis, configured: readonly string[]): Promise<Standing[]> {
  const others = (await knownDestinations(redis)).filter((name) => !configured.includes(name));
  const standings = await Promise.all(others.map((name) => readStanding(name, redis)));
  return standings.filter(({ inFlight, dead }) => inFlight > 0 || dead > 0);
}
