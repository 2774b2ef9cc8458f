import { mastersOf } from '@meterbridge/redis-connection';
import type { Redis } from 'ioredis';
import { DELIVERIES, queueKeys } from '../keys/keys.js';

/**
 * How many workers there are at each destination's queue, by the names BullMQ gives their connections; null where
 * the server does not tell its clients. A worker of several shards is one: it is counted at the first.
 */
export async function countWorkers(redis: Redis): Promise<((destination: string) => number) | null> {
  const lists = await Promise.all(mastersOf(redis).map(listClients)).catch(() => null);
  if (!lists) return null;
  const queue = Buffer.from(DELIVERIES).toString('base64');
  // A worker connects to each master of a cluster at most once, and to some of them perhaps not.
  return (destination) =>
    Math.max(0, ...lists.map((names) => names.get(`${queueKeys(destination).prefix}:${queue}`) ?? 0));
}

/** How many connections have which name. */
async function listClients(server: Redis): Promise<Map<string, number>> {
  const clients = (await server.client('LIST')) as string;
  const counts = new Map<string, number>();
  for (const [, name] of clients.matchAll(/ name=(\S+)/g)) counts.set(name!, (counts.get(name!) ?? 0) + 1);
  return counts;
}
