import { isJsonObject } from '@meterbridge/segment-events';
import { describeProblem } from '../check-connection.js';
import type { Asked, Doubt, PendingUsage, Period, Read, Stored, StoredLookup } from '../destination.js';
import { readAnswer } from '../read-answer.js';
import { readPeriods } from '../read-subscriptions.js';
import { type Held, type HeldRead, type List, searchList } from '../search-list.js';
import { TIME_TOLERANCE_MS } from '../windows.js';
import { compareStored } from './compare-stored.js';
import { ComputedFields } from './computed-fields.js';
import { eventsPath } from './read-events.js';
import { lagoSubscriptions } from './subscriptions.js';

/**
 * Asks for all that Lago holds in windows of time, under whatever subscription and code: its key holds the
 * subscription, so that one id may be there several times, of which `GET /events/:id` answers any one. All but
 * ingestion is limited to 50 requests a second an organization; some of them are left to others. In a ClickHouse
 * organization that is what has arrived so far, some seconds behind.
 */
export const lagoLookup: StoredLookup = {
  reads: 50,
  words: {
    other_content:
      'with another time or other properties: they would count as duplicates and never be billed like this',
    other_code: 'under another code: they would count as duplicates and never be billed under this one',
    other_owner: 'under another subscription: they would be billed twice',
  },
  advice: {
    other_code:
      'A mended code needs a new transactionIdSuffix in its rule: with it these events have ids of their own and are billed. What was billed under the wrong code stays billed there, until somebody takes it away in Lago.',
    other_owner:
      'What was billed to the wrong subscription stays billed there, until somebody takes it away in Lago.',
  },
  async find(asked, read, sample) {
    const events = asked.map(readAsked);
    const wanted = events.map(({ sent }, index) => ({
      index,
      id: sent.transaction_id,
      at: Math.round(Number(sent.timestamp) * 1_000),
    }));
    // Usage at another time under the same id stands in its way.
    const { found, asked: known, problem } = await searchList(eventList(read), wanted, sample, () => true);
    const subscriptions = new SubscriptionsOf(read);
    const computed = new ComputedFields(read);
    const stored: Stored[] = [];
    for (const [index, event] of events.entries()) {
      const held = found.get(index);
      stored.push(
        held
          ? await compareWithHeld(event, held, subscriptions, computed)
          : known.has(index)
            ? 'nothing'
            : 'unasked',
      );
    }
    const trouble = problem ?? subscriptions.problem;
    return { stored, problem: trouble };
  },
};

/** What of a body that was written for Lago it is found by. */
type SentToLago = { transaction_id: string /** Seconds, as a decimal. */; timestamp: string };

type Event = { sent: SentToLago; pending?: PendingUsage };

function readAsked({ usage, pending }: Asked): Event {
  if (usage) return { sent: JSON.parse(usage.body) as SentToLago };
  return { sent: JSON.parse(pending.complete('').body) as SentToLago, pending };
}

function eventList(read: Read): List {
  return {
    idsAtOnce: 1,
    // An id with a slash in it is another route to Lago, however it is written.
    hasPathFor: (id) => !id.includes('/'),
    async readIds([id]) {
      const answer = await read(`/api/v1/events/${encodeURIComponent(id!)}`);
      if (answer === null) return { ok: false };
      if ('error' in answer) return { ok: false, problem: describeProblem(answer) };
      const { json } = readAnswer(answer);
      // A URL that is wrong is answered 404 as well, with another code.
      const isAbsent = answer.status === 404 && isJsonObject(json) && json.code === 'event_not_found';
      if (isAbsent) return { ok: true, held: [] };
      if (answer.status !== 200) return { ok: false, problem: describeProblem(answer) };
      const held = isJsonObject(json) ? readHeld(json.event) : null;
      return held?.id === id ? { ok: true, held: [held!] } : NO_ANSWER;
    },
    async readWindow(window) {
      const answer = await read(eventsPath({ window }, window.page));
      if (answer === null) return { ok: false };
      if ('error' in answer || answer.status !== 200) return { ok: false, problem: describeProblem(answer) };
      const { json } = readAnswer(answer);
      const { fromMs, toMs } = window;
      if (!isJsonObject(json) || !Array.isArray(json.events) || !isJsonObject(json.meta)) return NO_ANSWER;
      const held = json.events.map(readHeld);
      const isWithin = (at: number) => at >= fromMs - TIME_TOLERANCE_MS && at <= toMs + TIME_TOLERANCE_MS;
      if (!held.every((each) => each !== null && isWithin(each.at))) return NO_ANSWER;
      const isLast = typeof json.meta.next_page !== 'number';
      // It would never end.
      if (held.length === 0 && !isLast) return NO_ANSWER;
      return { ok: true, held: held as Held[], isLast };
    },
  };
}

const NO_ANSWER: HeldRead<never> = {
  ok: false,
  problem: 'the answer does not hold the events that were asked for',
};

function readHeld(row: unknown): Held | null {
  if (!isJsonObject(row) || typeof row.transaction_id !== 'string') return null;
  const at = typeof row.timestamp === 'string' ? Date.parse(row.timestamp) : Number.NaN;
  return Number.isNaN(at) ? null : { id: row.transaction_id, at, row };
}

/** What stands under the subscription that it would be sent to says most: that is Lago's key. */
async function compareWithHeld(
  event: Event,
  held: readonly Held[],
  subscriptions: SubscriptionsOf,
  computed: ComputedFields,
): Promise<Stored> {
  const sent = event.pending ? await subscriptions.complete(event.pending) : event.sent;
  if (typeof sent === 'string') return sent;
  const fates = new Set<'same' | Doubt>();
  for (const { row } of held) {
    const differ = compareStored(sent, row);
    if (differ.length === 0 || (await isComputed(differ, row.code, computed))) fates.add('same');
    else if (differ.includes('external_subscription_id')) fates.add('other_owner');
    else fates.add(differ.includes('code') ? 'other_code' : 'other_content');
  }
  return ORDER.find((fate) => fates.has(fate))!;
}

const ORDER = ['same', 'other_code', 'other_content', 'other_owner'] as const;

/** Whether events differ in nothing but what Lago has computed itself. Metrics that cannot be read compute nothing. */
async function isComputed(
  fields: readonly string[],
  code: unknown,
  computed: ComputedFields,
): Promise<boolean> {
  if (!fields.every((field) => field.startsWith('properties.'))) return false;
  const field = await computed.of(code);
  return typeof field === 'string' && fields.every((each) => each === `properties.${field}`);
}

/** Of customers whose subscription is looked up when their events are sent: read once each, where an id was found. */
class SubscriptionsOf {
  problem: string | undefined;
  private readonly read: Read;
  private readonly byCustomer = new Map<string, Period[] | null>();

  constructor(read: Read) {
    this.read = read;
  }

  /** What would be sent; `nothing` where it would be a dead letter, `unasked` where nobody could be asked. */
  async complete({
    customer,
    at,
    prefer,
    complete,
  }: PendingUsage): Promise<SentToLago | 'nothing' | 'unasked'> {
    if (!this.byCustomer.has(customer)) this.byCustomer.set(customer, await this.readAll(customer));
    const periods = this.byCustomer.get(customer);
    if (!periods) return 'unasked';
    const chosen = lagoSubscriptions.choose(periods, at, prefer);
    return chosen.ok ? (JSON.parse(complete(chosen.subscription).body) as SentToLago) : 'nothing';
  }

  private async readAll(customer: string): Promise<Period[] | null> {
    if (this.problem !== undefined) return null;
    const all = await readPeriods(lagoSubscriptions, customer, this.read);
    if (all.ok) return all.periods;
    if (all.problem !== undefined) this.problem = `reading subscriptions: ${all.problem}`;
    return null;
  }
}
