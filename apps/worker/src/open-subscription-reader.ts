import {
  createSubscriptionReader,
  type Destination,
  type HttpClient,
  type SubscriptionReader,
} from '@meterbridge/destinations';
import { createSubscriptionCache } from '@meterbridge/queue';
import type { Logger } from '@meterbridge/telemetry';
import type { Redis } from 'ioredis';
import type { OpenedAccount } from './open-account.js';

/** Opens what finds a destination's subscriptions, within its billing account's reads. Null where no rule needs it. */
export function openSubscriptionReader(
  { subscriptions }: Pick<Destination, 'subscriptions'>,
  deps: {
    account: Pick<OpenedAccount, 'name' | 'reads'>;
    http: Pick<HttpClient, 'get'>;
    redis: Redis;
    now: () => number;
    log: Logger;
    /** Takes secrets out of a text. */
    scrub: (text: string) => string;
  },
): SubscriptionReader | null {
  if (!subscriptions) return null;
  const { account, http, redis, now, log, scrub } = deps;
  const { gate, limiter } = account.reads;
  return createSubscriptionReader({
    subscriptions,
    get: http.get,
    // Without a word it goes first of all reads: events wait for it.
    limiter,
    gate,
    cache: createSubscriptionCache(account.name, redis),
    now,
    random: Math.random,
    scrub,
    onRead: (read) => log.debug(read, 'subscription.read'),
    onHeld: () => log.error(gate.current().hold ?? {}, 'destination.held'),
  });
}
