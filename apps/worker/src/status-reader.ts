import { countOpenFindings, readAccount, readAudit, readCounters } from '@meterbridge/queue';
import type { BreakerState, DestinationStatus, Logger } from '@meterbridge/telemetry';
import type { Redis } from 'ioredis';
import { cachedByCost } from './cached-by-cost.js';
import { type DifferenceWatch, watchDifference } from './watch-difference.js';

export type StatusReader = {
  /** Read for metrics at each scrape. Rejects as Redis does. */
  readStatus(): Promise<DestinationStatus>;
  /** Over whether the destination's account adds up. */
  watch: DifferenceWatch;
};

/**
 * Opens what metrics tell of a destination, and the watch over whether it adds up. That, and which of all jobs is the
 * oldest, is counted from the jobs, once for both, and so seldom enough to cost Redis little.
 */
export function openStatusReader(options: {
  destination: string;
  redis: Redis;
  log: Logger;
  /** Epoch milliseconds, by the clock that all workers share. */
  now: () => number;
  /** Left out where nothing is sent. */
  breaker?: () => BreakerState;
  /** Milliseconds of a clock that only goes forward; the process's own where left out. */
  monotonic?: () => number;
}): StatusReader {
  const { destination, redis, log, now, breaker, monotonic = () => performance.now() } = options;
  const count = cachedByCost(async () => {
    const at = monotonic();
    return { at, ...(await readAccount(destination, redis)) };
  }, monotonic);
  const watch = watchDifference({ destination, count, audit: () => readAudit(destination, redis), log });
  return {
    watch,
    async readStatus() {
      const [counted, { inFlight, dead, discarded, oldestJobAt }, findings] = await Promise.all([
        count(),
        readCounters(destination, redis),
        countOpenFindings(redis, destination),
      ]);
      const at = now();
      const oldestAt = inFlight === 0 ? at : Math.min(at, oldestJobAt ?? at, counted?.oldestJobAt ?? at);
      return {
        destination,
        inFlight,
        oldestEventAgeMs: at - oldestAt,
        dead,
        discarded,
        differences: watch.lines(),
        difference: counted?.difference,
        findings,
        breaker: breaker?.(),
      };
    },
  };
}
