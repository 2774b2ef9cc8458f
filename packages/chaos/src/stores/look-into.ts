import type { LocalRedis } from '@meterbridge/local-redis';
import { Redis } from 'ioredis';

/** A client of one server that waits for it, however long it is away. */
export function lookInto(redis: Pick<LocalRedis, 'url'>): Redis {
  const client = new Redis(redis.url, { maxRetriesPerRequest: null });
  client.on('error', () => {});
  return client;
}
