import {
  compileEarlierRules,
  type Destination,
  type DestinationType,
  kindOf,
} from '@meterbridge/destinations';
import { readAllRules } from '@meterbridge/queue';
import type { BusinessEvents, Logger } from '@meterbridge/telemetry';
import type { Redis } from 'ioredis';
import { DuplicateComparison } from './compare-duplicates.js';
import type { OpenedAccount } from './open-account.js';
import { openReads } from './open-reads.js';

/**
 * Opens what compares a destination's duplicates with what its API holds, in reads of its
 * own. Null for an API that tells of none.
 */
export function openComparison(
  type: DestinationType,
  destination: Pick<Destination, 'name' | 'connection' | 'limit'>,
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
  const { name } = destination;
  const { close, ...reads } = openReads(destination, account);
  const compared = { same: 0, olderRule: 0, different: 0, deletedThere: 0, notCompared: 0, durationMs: 0 };
  // Told from the first moment on, so that the first one is a rise.
  events.duplicatesCompared({ destination: name, ...compared });
  const comparison = new DuplicateComparison({
    ...reads,
    lookup,
    readEarlierRules: async () => compileEarlierRules((await readAllRules(redis, name)).values()),
    onCompared: (each) => events.duplicatesCompared({ destination: name, ...each }),
    onProblem: (err) => log.error({ err }, 'duplicates.not_compared'),
  });
  return {
    review: comparison.review.bind(comparison),
    close,
  };
}
