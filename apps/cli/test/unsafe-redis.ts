import { waitFor } from '@meterbridge/testing';
import type { Redis } from 'ioredis';

/** While `act` runs, the Redis is one that forgets everything with a restart. */
export async function withoutPersistence(redis: Redis, act: () => Promise<void>): Promise<void> {
  await redis.config('SET', 'appendonly', 'no');
  try {
    await act();
  } finally {
    await redis.config('SET', 'appendonly', 'yes');
    // While it writes its first file, Redis does not heed SIGTERM.
    await waitFor(async () => /aof_rewrite_in_progress:0/.test(await redis.info('persistence')), {
      what: 'the append-only file',
    });
  }
}
