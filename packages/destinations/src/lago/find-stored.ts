import type { StoredLookup } from '../destination.js';
import { isSameTime } from './compare-stored.js';
import { canBeAskedFor, eventPath, type LagoEvent, readEvent } from './read-events.js';

/** What of a body that was written for Lago tells events apart in either of its stores. */
type Sent = { transaction_id: string; external_subscription_id: string; code: string; timestamp: string };

/**
 * Asks for one event by its id: Lago answers with the first that has it, under whatever subscription (OpenAPI:
 * findEvent). In a ClickHouse organization that is what was enriched so far, some seconds behind. All but
 * ingestion is limited to 50 requests a second an organization; some of them are left to others.
 */
export const lagoLookup: StoredLookup = {
  events: 1,
  requestsPerSecond: 20,
  async ask(http, [usage]) {
    const sent = JSON.parse(usage!.body) as Sent;
    if (!canBeAskedFor(sent.transaction_id)) return { ok: true, stored: ['unasked'] };
    const read = readEvent(await http.get(eventPath(sent.transaction_id)));
    switch (read.is) {
      case 'problem':
        return { ok: false, problem: read.problem };
      case 'absent':
        return { ok: true, stored: ['nothing'] };
      case 'event':
        return { ok: true, stored: [isSame(sent, read.event) ? 'same' : 'other'] };
    }
  },
};

function isSame(sent: Sent, held: LagoEvent): boolean {
  return (
    held.external_subscription_id === sent.external_subscription_id &&
    held.code === sent.code &&
    isSameTime(sent.timestamp, held.timestamp)
  );
}
