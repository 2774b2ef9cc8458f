import type { GateStore } from '@meterbridge/delivery';
import {
  createSubscriptionReader,
  type Destination,
  type HttpClient,
  type SubscriptionReader,
} from '@meterbridge/destinations';
import { createGateStore, createSubscriptionCache, readsOf } from '@meterbridge/queue';
import { createRateLimiter } from '@meterbridge/rate-limiter';
import type { Logger } from '@meterbridge/telemetry';
import type { Redis } from 'ioredis';

export type OpenedReader = {
  reader: SubscriptionReader;
  gate: GateStore;
  close(): Promise<void>;
};

/**
 * Opens what finds a destination's subscriptions, with a budget and a gate of its own: what the API says of
 * reads is not about events. Null where no rule needs it.
 */
export async function openSubscriptionReader(
  { name, subscriptionReads: limit }: Destination,
  deps: {
    http: Pick<HttpClient, 'get'>;
    redis: Redis;
    redisUrl: string;
    now: () => number;
    log: Logger;
    /** Takes secrets out of a text. */
    scrub: (text: string) => string;
    onLimiterProblem: (problem: string) => void;
  },
): Promise<OpenedReader | null> {
  if (!limit) return null;
  const { http, redis, redisUrl, now, log, scrub } = deps;
  const id = readsOf(name);
  const gate = await createGateStore(id, redis, { now });
  const limiter = createRateLimiter({
    id,
    concurrency: limit.concurrency,
    ...(limit.requestsPerSecond === 'unlimited'
      ? {}
      : { requestsPerSecond: limit.requestsPerSecond, redisUrl }),
    onProblem: deps.onLimiterProblem,
  });
  const reader = createSubscriptionReader({
    get: http.get,
    limiter,
    gate,
    cache: createSubscriptionCache(name, redis),
    now,
    random: Math.random,
    scrub,
    onRead: (read) => log.debug(read, 'subscription.read'),
    onHeld: () => log.error(gate.current().hold ?? {}, 'destination.held'),
  });
  return {
    reader,
    gate,
    async close() {
      await limiter.close();
      await gate.close();
    },
  };
}
