import type { Redis } from 'ioredis';
import { DELIVERIES, queueKeys } from './keys.js';

/**
 * How many workers there are at each destination's queue, by the names BullMQ gives their connections; null where
 * the server does not tell its clients.
 */
export async function countWorkers(redis: Redis): Promise<((destination: string) => number) | null> {
  let clients: string;
  try {
    clients = (await redis.client('LIST')) as string;
  } catch {
    return null;
  }
  const counts = new Map<string, number>();
  for (const [, name] of clients.matchAll(/ name=(\S+)/g)) counts.set(name!, (counts.get(name!) ?? 0) + 1);
  const queue = Buffer.from(DELIVERIES).toString('base64');
  return (destination) => counts.get(`${queueKeys(destination).prefix}:${queue}`) ?? 0;
}
