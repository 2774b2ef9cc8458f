import { RECEIVER } from '@meterbridge/queue';
import { createLogger, createWorkerMetrics } from '@meterbridge/telemetry';
import { waitFor } from '@meterbridge/testing';
import type { Redis } from 'ioredis';
import { LASTS_AFTER_MS } from '../src/lasting-difference.js';
import { openStatusReader } from '../src/status-reader.js';

/** What a worker's metrics say of the receiver's account, whose books lose three here, once that has lasted. */
export async function sayDifference(redis: Redis): Promise<string> {
  const hour = Math.floor(Date.now() / 3_600_000);
  await redis.hincrby('meterbridge:{receiver}:ledger', 'accepted', 3);
  await redis.hincrby('meterbridge:{receiver}:hours', `${hour}/backend/accepted`, 3);
  let clock = 0;
  const { readStatus, watch } = openStatusReader({
    destination: RECEIVER,
    redis,
    log: createLogger({ name: 'worker', level: 'silent' }),
    now: Date.now,
    monotonic: () => clock,
  });
  const metrics = createWorkerMetrics();
  metrics.watchDestinations(async () => [await readStatus()]);
  return waitFor(
    async () => {
      await watch.look();
      clock += LASTS_AFTER_MS;
      const { text } = await metrics.render();
      return text.includes('meterbridge_account_difference_by_hour{') ? text : '';
    },
    { what: 'a difference that lasts' },
  );
}
