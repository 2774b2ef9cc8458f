import { setTimeout as sleep } from 'node:timers/promises';
import { createStoreClock } from '@meterbridge/queue';
import { redisSilence } from '../connect.js';
import type { RunningSystem } from '../open.js';
import { reportStatus, type Status } from './report.js';
import { takeSnapshot } from './snapshot.js';

/** Between the two looks that rates are told from. */
const BETWEEN_MS = 1_000;

/**
 * How every destination does, once a second until the caller has seen enough.
 * @throws OperationError (`redis_unreachable`) where Redis went away meanwhile
 */
export async function* watchStatus({ config, redis }: RunningSystem): AsyncGenerator<Status, never> {
  const clock = createStoreClock(redis);
  try {
    await clock.synchronize();
    const look = () => Promise.race([takeSnapshot(config, redis, clock.now), redisSilence()]);
    for (let before = await look(); ; ) {
      await sleep(BETWEEN_MS);
      const now = await look();
      yield reportStatus(before, now, config);
      before = now;
    }
  } finally {
    clock.stop();
  }
}
