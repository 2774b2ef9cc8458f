import { isJsonObject } from '@meterbridge/segment-events';
import { describeProblem } from '../check-connection.js';
import type { StoredLookup } from '../destination.js';
import { readAnswer } from '../read-answer.js';

/** What of a body that was written for Lago tells events apart in either of its stores. */
type Sent = { transaction_id: string; external_subscription_id: string; code: string; timestamp: string };

/**
 * Asks for one event by its id: Lago answers with the first that has it, under whatever subscription (OpenAPI:
 * findEvent). In a ClickHouse organization that is what was enriched so far, some seconds behind.
 */
export const lagoLookup: StoredLookup = {
  events: 1,
  async ask(http, [usage]) {
    const sent = JSON.parse(usage!.body) as Sent;
    // An id with a slash in it is another route to Lago, however it is written.
    if (sent.transaction_id.includes('/')) return { ok: true, stored: ['unasked'] };
    const answer = await http.get(`/api/v1/events/${encodeURIComponent(sent.transaction_id)}`);
    if ('error' in answer || (answer.status !== 200 && answer.status !== 404)) {
      return { ok: false, problem: describeProblem(answer) };
    }
    const { json } = readAnswer(answer);
    if (answer.status === 404) {
      // A URL that is wrong is answered 404 as well, with another code.
      const isAbsent = isJsonObject(json) && json.code === 'event_not_found';
      return isAbsent ? { ok: true, stored: ['nothing'] } : { ok: false, problem: describeProblem(answer) };
    }
    if (!isJsonObject(json) || !isJsonObject(json.event)) {
      return { ok: false, problem: 'the answer holds no event' };
    }
    return { ok: true, stored: [isSame(sent, json.event) ? 'same' : 'other'] };
  },
};

function isSame(sent: Sent, held: Record<string, unknown>): boolean {
  const heldAt = typeof held.timestamp === 'string' ? Date.parse(held.timestamp) : Number.NaN;
  return (
    held.external_subscription_id === sent.external_subscription_id &&
    held.code === sent.code &&
    // Lago before 1.48 kept times as floating point.
    Math.abs(heldAt - Number(sent.timestamp) * 1_000) <= 1
  );
}
