import type { Config } from '@meterbridge/config';
import type { Gate, GateStore, RateLimiter } from '@meterbridge/delivery';
import { connectConsumer, createGateStore, readsOf } from '@meterbridge/queue';
import { createRateLimiter } from '@meterbridge/rate-limiter';
import type { Logger, WorkerMetrics } from '@meterbridge/telemetry';

/** What the destinations of one URL and key share in a worker: what the API allows, and what it said. */
export type OpenedAccount = {
  /** Of the first destination of it in the file; it names everything of the account in Redis. */
  name: string;
  gate: GateStore;
  limiter: RateLimiter;
  /** The same of what is asked beside events: what the API says of that is not about events. */
  reads: { gate: GateStore; limiter: RateLimiter };
  close(): Promise<void>;
};

/** Reads that a worker has open at once. */
const READS_AT_ONCE = 4;

/** Opens a billing account once for all its destinations. Waits for Redis. */
export async function openAccount(
  name: string,
  deps: { config: Config; now: () => number; logger: Logger; metrics: WorkerMetrics },
): Promise<OpenedAccount> {
  const { config, now, metrics } = deps;
  const log = deps.logger.child({ destination: name });
  // All destinations of an account have the same: the configuration is refused otherwise.
  const { limit } = config.destinations.find((each) => each.name === name)!;
  const redis = connectConsumer(config.redis.url, (error) => log.debug({ err: error }, 'redis.error'));
  const onProblem = (problem: string) => {
    metrics.limiterProblems.inc({ destination: name, problem });
    log.warn({ problem }, 'limiter.recovered');
  };
  const openLimiter = (id: string, rate: number | 'unlimited', concurrency: number) =>
    createRateLimiter({
      id,
      concurrency,
      ...(rate === 'unlimited' ? {} : { requestsPerSecond: rate, redisUrl: config.redis.url }),
      onProblem,
    });
  const limiter = openLimiter(name, limit.requestsPerSecond, limit.concurrency);
  const reads = {
    gate: await createGateStore(readsOf(name), redis, { now }),
    limiter: openLimiter(readsOf(name), limit.readsPerSecond, READS_AT_ONCE),
  };
  const gate = await createGateStore(name, redis, { now, onChange: tellHandHolds(log) });
  return {
    name,
    gate,
    limiter,
    reads,
    async close() {
      await Promise.all([limiter, reads.limiter, gate, reads.gate].map((each) => each.close()));
      redis.disconnect();
    },
  };
}

/** Logs what a person stops and lets go; the reason, and not who. */
export function tellHandHolds(log: Logger): (gate: Gate, before: Gate) => void {
  return ({ handHold }, before) => {
    if (handHold && handHold.reason !== before.handHold?.reason) {
      const { reason, since } = handHold;
      log.warn({ reason, since }, 'destination.held');
    }
    if (!handHold && before.handHold) log.warn('destination.resumed');
  };
}
