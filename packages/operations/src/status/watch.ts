import { setTimeout as sleep } from 'node:timers/promises';
import { createStoreClock } from '@meterbridge/queue';
import type { Operations } from '../open.js';
import { OperationError } from '../operation-error.js';
import { reportStatus, type Status } from './report.js';
import { type Snapshot, takeSnapshot } from './snapshot.js';

/** Between the two looks that rates are told from. */
const BETWEEN_MS = 1_000;
const REDIS_ANSWERS_WITHIN_MS = 5_000;

/**
 * How every destination does, once a second until the caller has seen enough.
 * @throws OperationError (`redis_unreachable`) where Redis went away meanwhile
 */
export async function* watchStatus({ config, redis }: Operations): AsyncGenerator<Status, never> {
  const clock = createStoreClock(redis);
  try {
    await clock.synchronize();
    const look = () => inTime(takeSnapshot(config, redis, clock.now));
    for (let before = await look(); ; ) {
      await sleep(BETWEEN_MS);
      const now = await look();
      yield reportStatus(before, now, config.redis.maxMemoryShare);
      before = now;
    }
  } finally {
    clock.stop();
  }
}

/** A client that waits would wait for ever. */
async function inTime(look: Promise<Snapshot>): Promise<Snapshot> {
  const late = sleep(REDIS_ANSWERS_WITHIN_MS, undefined, { ref: false }).then(() =>
    Promise.reject(new OperationError('redis_unreachable', 'Redis does not answer any more.')),
  );
  return Promise.race([look, late]);
}
