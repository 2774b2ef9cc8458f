import type { Config } from '@meterbridge/config';
import { assertDurableRedis, describeRedisError, UnsafeRedisError, writeRefusal } from '@meterbridge/queue';
import type { Redis } from 'ioredis';
import { openRedis } from './connect.js';
import { OperationError } from './operation-error.js';
import type { Work } from './work.js';

/** @throws OperationError (`redis_unsafe`) where Redis can lose what it is given */
export async function refuseUnsafe(
  redis: Redis,
  config: Pick<Config, 'redis'>,
  { onNotice }: Pick<Work, 'onNotice'> = {},
): Promise<void> {
  try {
    await assertDurableRedis(redis, config.redis.allowDataLoss, ({ what, detail }) =>
      onNotice?.(`Redis ${what}: ${detail}`),
    );
  } catch (error) {
    throw error instanceof UnsafeRedisError ? new OperationError('redis_unsafe', error.message) : error;
  }
}

/**
 * Looks before processes are started that would only end or wait: on a Redis that can lose what it is given, or takes
 * nothing.
 * @throws OperationError (`redis_unsafe`, `redis_unreachable`, `redis_refused`)
 */
export async function refuseUnsafeRedis(config: Pick<Config, 'redis'>): Promise<void> {
  const redis = await openRedis(config.redis.url);
  try {
    await refuseUnsafe(redis, config);
    const refusal = describeRedisError(await writeRefusal(redis));
    if (refusal !== null) throw new OperationError('redis_refused', refusal);
  } finally {
    redis.disconnect();
  }
}
