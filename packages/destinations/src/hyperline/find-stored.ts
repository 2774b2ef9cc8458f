import { isJsonObject } from '@meterbridge/segment-events';
import { describeProblem } from '../check-connection.js';
import type { Stored, StoredLookup } from '../destination.js';
import { readAnswer } from '../read-answer.js';

type Sent = { event_type: string; timestamp: string; record: { id: string } };

/**
 * Asks for the versions in effect of up to 25 records (docs.hyperline.co: get-events), so many that their ids
 * fit in a URL whatever they are.
 */
export const hyperlineLookup: StoredLookup = {
  events: 25,
  async ask(http, usages) {
    const sent = usages.map(({ body }) => JSON.parse(body) as Sent);
    const stored: Stored[] = sent.map(({ record }) => (record.id.includes(',') ? 'unasked' : 'nothing'));
    for (const type of new Set(sent.map(({ event_type }) => event_type))) {
      const ids = sent
        .filter(({ event_type, record }) => event_type === type && !record.id.includes(','))
        .map(({ record }) => record.id);
      if (ids.length === 0) continue;
      const query = new URLSearchParams({ event_type: type, record_id__in: ids.join(','), take: '100' });
      const answer = await http.get(`/v1/events?${query}`);
      if ('error' in answer || answer.status !== 200) return { ok: false, problem: describeProblem(answer) };
      const { json } = readAnswer(answer);
      if (!isJsonObject(json) || !Array.isArray(json.data)) {
        return { ok: false, problem: 'the answer holds no events' };
      }
      const heldAt = new Map(json.data.filter(isJsonObject).map((held) => [held.record_id, timeOf(held)]));
      for (const [index, { event_type, record, timestamp }] of sent.entries()) {
        const at = event_type === type ? heldAt.get(record.id) : undefined;
        if (at !== undefined) stored[index] = compare(at, Date.parse(timestamp));
      }
    }
    return { ok: true, stored };
  },
};

function timeOf({ timestamp }: Record<string, unknown>): number {
  return typeof timestamp === 'string' ? Date.parse(timestamp) : Number.NaN;
}

/** An older version is replaced by what would be sent; before a newer one it would have no effect. */
function compare(heldAt: number, sentAt: number): Stored {
  if (heldAt === sentAt) return 'same';
  return heldAt < sentAt ? 'nothing' : 'other';
}
