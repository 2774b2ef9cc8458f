import { serverOfSlot, slotOfKey } from '@meterbridge/redis-connection';
import type { Redis } from 'ioredis';

/** Less than a producer's command may take. */
const WAIT_MS = 500;

const slots = new Map<string, number>();

/**
 * Waits until so many replicas have what this client has just written under a key. To be called in the same turn in
 * which Redis has answered: on a connection that is opened later, nothing was written.
 * @throws Error where fewer say so in half a second: the write may be lost when one of them takes over
 */
export async function untilReplicated(redis: Redis, key: string, replicas: number): Promise<void> {
  const reached = await (await serverOf(redis, key)).wait(replicas, WAIT_MS);
  if (reached < replicas) throw new Error(`${reached} of ${replicas} replicas have it`);
}

async function serverOf(redis: Redis, key: string): Promise<Redis> {
  if (!redis.isCluster) return redis;
  const slot = slots.get(key) ?? (await slotOfKey(redis, key));
  slots.set(key, slot);
  return serverOfSlot(redis, slot);
}
