import {
  compileEarlierRules,
  type Destination,
  type DestinationType,
  kindOf,
} from '@meterbridge/destinations';
import { readAllRules } from '@meterbridge/queue';
import { createHttpClient } from '@meterbridge/sender';
import type { BusinessEvents, Logger } from '@meterbridge/telemetry';
import type { Redis } from 'ioredis';
import { DuplicateComparison } from './compare-duplicates.js';
import type { OpenedAccount } from './open-account.js';

/** Bounds how long a read is waited for. */
const TIMEOUT_MS = 2_000;
/** Reads that one moment may ask for where nothing limits them. */
const MAX_READS = 200;
const SECONDS_OF_PATIENCE = 2;

/**
 * Opens what compares a destination's duplicates with what its API holds, within the account's budget for reads and
 * over connections of its own. Null for an API that tells of none.
 */
export function openComparison(
  type: DestinationType,
  { name, connection, limit }: Pick<Destination, 'name' | 'connection' | 'limit'>,
  deps: {
    account: Pick<OpenedAccount, 'reads'>;
    redis: Redis;
    events: Pick<BusinessEvents, 'duplicatesCompared'>;
    log: Logger;
  },
) {
  const { held: lookup } = kindOf(type);
  if (!lookup) return null;
  const { account, redis, events, log } = deps;
  const { readsPerSecond } = limit;
  const http = createHttpClient({ ...connection, timeoutMs: Math.min(TIMEOUT_MS, connection.timeoutMs) });
  const compared = { same: 0, olderRule: 0, different: 0, deletedThere: 0, notCompared: 0, durationMs: 0 };
  // Told from the first moment on, so that the first one is a rise.
  events.duplicatesCompared({ destination: name, ...compared });
  const comparison = new DuplicateComparison({
    lookup,
    get: http.get,
    limiter: account.reads.limiter,
    maxReads: readsPerSecond === 'unlimited' ? MAX_READS : Math.max(1, readsPerSecond * SECONDS_OF_PATIENCE),
    readEarlierRules: async () => compileEarlierRules((await readAllRules(redis, name)).values()),
    onCompared: (each) => events.duplicatesCompared({ destination: name, ...each }),
    onProblem: (err) => log.error({ err }, 'duplicates.not_compared'),
  });
  return {
    review: comparison.review.bind(comparison),
    close: () => http.close(),
  };
}
