import type { Outcome } from './outcome.js';
import type { StoredDelivery } from './stored-delivery.js';

/** Duplicates of a job that a replay has made: counted for it, too, so that it can tell them from what it delivered. */
export type ReplayedDuplicates = { replay: string; duplicates: number };

/**
 * Null where there are none. A job holds deliveries of one replay at most. What may have arrived by an earlier attempt
 * at the same delivery is no duplicate. Pure.
 */
export function replayedDuplicates(
  deliveries: readonly StoredDelivery[],
  outcomes: readonly Outcome[],
): ReplayedDuplicates | null {
  let found: ReplayedDuplicates | null = null;
  for (const [index, { history, sentUnder }] of deliveries.entries()) {
    const replay = history?.at(-1)?.replay;
    if (replay === undefined || sentUnder !== undefined || outcomes[index]?.outcome !== 'duplicate') continue;
    found ??= { replay, duplicates: 0 };
    found.duplicates += 1;
  }
  return found;
}
