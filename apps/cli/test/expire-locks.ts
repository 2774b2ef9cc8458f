import type { Redis } from 'ioredis';

/**
 * Lets the seconds pass in Redis after which the jobs of a vanished worker are taken from it; a worker that
 * is started then looks for such jobs at once. Resolves to how many there were.
 */
export async function expireLocks(redis: Redis): Promise<number> {
  let expired = 0;
  for (const destination of ['lago', 'hyperline']) {
    const prefix = `meterbridge:{${destination}}:deliveries:`;
    for (const jobId of await redis.lrange(`${prefix}active`, 0, -1)) {
      expired += await redis.del(`${prefix}${jobId}:lock`);
      await redis.sadd(`${prefix}stalled`, jobId);
    }
    await redis.del(`${prefix}stalled-check`);
  }
  return expired;
}
