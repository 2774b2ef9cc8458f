import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { DELIVERIES, queueKeys } from '../keys/keys.js';

/** The BullMQ queue of a destination's shard. Small event streams: they are kept for nobody. */
export function openQueue(shard: string, redis: Redis): Queue {
  const queue = new Queue(DELIVERIES, {
    connection: redis,
    prefix: queueKeys(shard).prefix,
    defaultJobOptions: { removeOnComplete: true, stackTraceLimit: 1, keepLogs: 0 },
    streams: { events: { maxLen: 100 } },
  });
  // Connection errors reach the owner of `redis`; without a listener here they would end the process.
  queue.on('error', () => {});
  return queue;
}
