import { knownDestinations } from '@meterbridge/queue';
import type { Redis } from 'ioredis';

/** Names of every destination that has or had a queue: those configured first, then those that are so no more. */
export async function allDestinations(
  { destinations }: { destinations: readonly { name: string }[] },
  redis: Redis,
): Promise<string[]> {
  const configured = destinations.map(({ name }) => name);
  return [...new Set([...configured, ...(await knownDestinations(redis))])];
}
