import { fitsAmountColumn } from './amount.js';
import { fitsIndexes } from './index-rows.js';
import type { LagoEvent } from './read-event.js';
import { someText } from './text.js';

/**
 * Whether Postgres refuses to insert these events for one of them. Lago does not catch that: it answers 500
 * for the whole batch, at every try, and names no event. `isStored` says that an event is a repeat, which
 * Postgres skips before it comes to an index.
 */
export function crashesPostgres(
  events: readonly LagoEvent[],
  { body, isStored }: { body: string; isStored: (event: LagoEvent) => boolean },
): boolean {
  // JSON can write NUL in this way only.
  const mayHoldNul = body.includes('\\u0000');
  return events.some(
    (event) =>
      !fitsAmountColumn(event.preciseTotalAmountCents) ||
      (mayHoldNul && holdsNul(event)) ||
      (!fitsIndexes(event) && !isStored(event)),
  );
}

/** Postgres keeps NUL neither in text nor in jsonb. */
function holdsNul({ transactionId, code, externalSubscriptionId, properties }: LagoEvent): boolean {
  return someText([transactionId, code, externalSubscriptionId, properties], (text) => text.includes('\0'));
}
