import { isJsonObject } from '@meterbridge/segment-events';
import { describeProblem } from '../check-connection.js';
import type { Asked, Read, Stored, StoredLookup } from '../destination.js';
import { readAnswer } from '../read-answer.js';
import { type Held, type HeldRead, type List, searchList } from '../search-list.js';

type Sent = { customer_id: string; event_type: string; timestamp: string; record: { id: string } };

/** Hyperline's maximum for a page. */
const TAKE = 100;
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
  if (!isJsonObject(held)) return true;
  const names = new Set([...Object.keys(sent), ...Object.keys(held)]);
  names.delete('id');
  return [...names].every((name) => JSON.stringify(sent[name]) === JSON.stringify(held[name]));
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

/** A list of ids is told apart by commas. */
function isListable(id: string): boolean {
  return !id.includes(',');
}

const NO_ANSWER: HeldRead<never> = {
  ok: false,
  problem: 'the answer does not hold the events that were asked for',
};

async function readList(
  read: Read,
  query: Record<string, string>,
): Promise<HeldRead<{ total: number | undefined }>> {
  const answer = await read(`/v1/events?${new URLSearchParams(query)}`);
  if (answer === null) return { ok: false };
  if ('error' in answer || answer.status !== 200) return { ok: false, problem: describeProblem(answer) };
  const { json } = readAnswer(answer);
  if (!isJsonObject(json) || !Array.isArray(json.data)) return NO_ANSWER;
  const held = json.data.map(readHeld);
  if (!held.every((each) => each !== null)) return NO_ANSWER;
  const total = isJsonObject(json.meta) && typeof json.meta.total === 'number' ? json.meta.total : undefined;
  return { ok: true, held, total };
}

function readHeld(row: unknown): Held | null {
  if (!isJsonObject(row) || typeof row.record_id !== 'string') return null;
  const at = typeof row.timestamp === 'string' ? Date.parse(row.timestamp) : Number.NaN;
  return Number.isNaN(at) ? null : { id: row.record_id, at, row };
}

/**
 * A customer is sent by its id or by its external id, and no page says which of them the list shows. So one that
 * looks like another is asked for by the list's own filter: what is listed under it is the customer's.
 */
class CustomersOf {
  problem: string | undefined;
  private readonly read: Read;
  /** What each customer is called in the list, where that is known. */
  private readonly names = new Map<string, Map<string, boolean>>();

  constructor(read: Read) {
    this.read = read;
  }

  /** Null where nobody could be asked. */
  async isSame({ customer_id, event_type }: Sent, { id, row }: Held): Promise<boolean | null> {
    const shown = String(row.customer_id);
    const names = this.names.get(customer_id) ?? new Map<string, boolean>();
    this.names.set(customer_id, names);
    const known = names.get(shown);
    if (known !== undefined) return known;
    if (this.problem !== undefined || !isListable(id)) return null;
    const query = { event_type, record_id__in: id, customer_id, take: '1' };
    const answer = await readList(this.read, query);
    if (!answer.ok) {
      this.problem = answer.problem;
      return null;
    }
    const isSame = answer.held.some((held) => held.id === id);
    names.set(shown, isSame);
    return isSame;
  }
}
