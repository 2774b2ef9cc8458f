import type { Redis } from 'ioredis';
import { knownDestinations } from '../state/shards.js';
import { type Counters, readCounters } from './ledger.js';

/**
 * Destinations that are no longer configured and still have deliveries waiting or dead letters: removed or
 * renamed too early. No worker takes their jobs, and no replay their dead letters.
 */
export async function findOrphanedDestinations(
  redis: Redis,
  configured: readonly string[],
): Promise<Counters[]> {
  const others = (await knownDestinations(redis)).filter((name) => !configured.includes(name));
  const standings = await Promise.all(others.map((name) => readCounters(name, redis)));
  return standings.filter(({ inFlight, dead }) => inFlight > 0 || dead > 0);
}
