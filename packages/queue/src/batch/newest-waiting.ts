import { newerFormat, type StoredDelivery } from '@meterbridge/delivery';
import type { Redis } from 'ioredis';
import { queueKeys } from '../keys/keys.js';
import { shardsOf } from '../state/shards.js';
import { type BatchData, decodeBatch } from './batch-codec.js';

/**
 * Deliveries of a destination that wait, are tried or are put back, newest jobs first, for somebody to look at.
 * Changes nothing; a job that is done meanwhile is left out, as is one of a newer version.
 * @param jobs how many jobs of each kind and shard are looked into; a job holds up to 500 deliveries
 */
export async function readNewestWaiting(
  destination: string,
  redis: Redis,
  jobs: number,
): Promise<StoredDelivery[]> {
  const shards = await shardsOf(destination, redis);
  return (await Promise.all(shards.map((shard) => readShard(shard, redis, jobs)))).flat();
}

async function readShard(shard: string, redis: Redis, most: number): Promise<StoredDelivery[]> {
  const { bull, job } = queueKeys(shard);
  const last = most - 1;
  // BullMQ adds at the head of its lists.
  const ids = await Promise.all([
    redis.lrange(bull('wait'), 0, last),
    redis.lrange(bull('active'), 0, last),
    redis.zrevrange(bull('delayed'), 0, last),
    redis.zrevrange(bull('prioritized'), 0, last),
  ]);
  const found = await Promise.all(ids.flat().map((id) => redis.hget(job(id), 'data')));
  const batches = found.flatMap((data) => (data === null ? [] : [JSON.parse(data) as BatchData]));
  return batches.filter(({ format }) => newerFormat('job', format) === undefined).flatMap(decodeBatch);
}
