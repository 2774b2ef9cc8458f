import { isJsonObject } from '@meterbridge/segment-events';
import type { Asked, Read, Stored, StoredLookup } from '../destination.js';
import { type Held, type List, searchList } from '../search-list.js';
import { CustomersOf } from './customers-of.js';
import { isListable, NO_ANSWER, readList, TAKE } from './list-events.js';

type Sent = { customer_id: string; event_type: string; timestamp: string; record: { id: string } };

/** So many that their ids fit in a URL whatever they are. */
const IDS_AT_ONCE = 25;

/**
 * Asks for the versions in effect (docs.hyperline.co: get-events), event type by event type: those that would be
 * written, and those that older rules have written.
 */
export const hyperlineLookup: StoredLookup = {
  reads: 100,
  words: {
    other_content:
      'with another record, or of another time: one of the two would never be billed, whichever Hyperline keeps',
    other_code: 'under another event type: they would be billed twice',
    other_owner: 'of another customer: their usage would be taken away',
  },
  advice: {
    other_code:
      'What was billed under the wrong event type stays billed there, until somebody takes it away in Hyperline.',
  },
  async find(asked, read, sample) {
    const events = asked.map(readAsked);
    const types = new Set(events.flatMap(({ sent, olderTypes }) => [sent.event_type, ...olderTypes]));
    const best = events.map(() => new Set<Stored>());
    const customers = new CustomersOf(read);
    let problem: string | undefined;
    for (const type of types) {
      const wanted = events.flatMap(({ sent, olderTypes }, index) =>
        sent.event_type === type || olderTypes.includes(type)
          ? [{ index, id: sent.record.id, at: Date.parse(sent.timestamp) }]
          : [],
      );
      const judge = (index: number, held: Held) => compare(events[index]!, held, type);
      const isDoubt = (index: number, held: Held) => judge(index, held) !== 'nothing';
      const searched = await searchList(eventList(type, read), wanted, sample, isDoubt);
      for (const { index } of wanted) {
        const found = searched.found.get(index) ?? [];
        for (const held of found) {
          const fate = judge(index, held);
          const isSame = fate === 'other_owner' ? await customers.isSame(events[index]!.sent, held) : false;
          if (isSame === null) best[index]!.add('unasked');
          else best[index]!.add(isSame ? compare(events[index]!, held, type, true) : fate);
        }
        if (found.length === 0) best[index]!.add(searched.asked.has(index) ? 'nothing' : 'unasked');
      }
      problem ??= searched.problem;
    }
    problem ??= customers.problem;
    const stored = best.map((fates) => ORDER.find((fate) => fates.has(fate))!);
    return { stored, problem };
  },
};

/** What says most, before what says less. */
const ORDER: readonly Stored[] = ['other_owner', 'other_content', 'same', 'other_code', 'unasked', 'nothing'];

type Event = {
  sent: Sent;
  olderTypes: string[];
  /** Its record is a thing with a state: a version of another time is another version. */
  isEntity: boolean;
};

function readAsked({ usage, messageId, olderKinds = [] }: Asked): Event {
  if (!usage) throw new Error('nothing is looked up at Hyperline');
  const sent = JSON.parse(usage.body) as Sent;
  return {
    sent,
    olderTypes: olderKinds.filter((kind) => kind !== sent.event_type),
    isEntity: sent.record.id !== messageId,
  };
}

/** @param isOwn the customer is known to be the same, however it is called there */
function compare({ sent, isEntity }: Event, { at, row }: Held, type: string, isOwn = false): Stored {
  if (type !== sent.event_type) return isEntity ? 'nothing' : 'other_code';
  if (!isOwn && row.customer_id !== sent.customer_id) return 'other_owner';
  if (at !== Date.parse(sent.timestamp)) return isEntity ? 'nothing' : 'other_content';
  return isSameRecord(sent.record, row.record) ? 'same' : 'other_content';
}

/** Of a record that is not in the answer nobody can say that it is another one. */
function isSameRecord(sent: Record<string, unknown>, held: unknown): boolean {
  return differingProperties(sent, held).length === 0;
}

/** The names of a record's properties that differ; none where the answer holds no record. */
export function differingProperties(sent: Record<string, unknown>, held: unknown): string[] {
  if (!isJsonObject(held)) return [];
  const names = new Set([...Object.keys(sent), ...Object.keys(held)]);
  names.delete('id');
  return [...names].filter((name) => JSON.stringify(sent[name]) !== JSON.stringify(held[name])).sort();
}

function eventList(type: string, read: Read): List {
  return {
    idsAtOnce: IDS_AT_ONCE,
    hasPathFor: isListable,
    async readIds(ids) {
      const answer = await readList(read, {
        event_type: type,
        record_id__in: ids.join(','),
        take: String(TAKE),
      });
      return answer.ok && !answer.held.every(({ id }) => ids.includes(id)) ? NO_ANSWER : answer;
    },
    async readWindow({ fromMs, toMs, page }) {
      const skip = (page - 1) * TAKE;
      const answer = await readList(read, {
        event_type: type,
        timestamp_gte: new Date(fromMs).toISOString(),
        timestamp_lte: new Date(toMs).toISOString(),
        sort: 'timestamp',
        order: 'DESC',
        take: String(TAKE),
        skip: String(skip),
      });
      if (!answer.ok) return answer;
      const { held, total } = answer;
      const isLast = total === undefined ? held.length < TAKE : skip + held.length >= total;
      const isWithin = held.every(({ at }) => at >= fromMs && at <= toMs);
      return isWithin && (held.length > 0 || isLast) ? { ok: true, held, isLast } : NO_ANSWER;
    },
  };
}
