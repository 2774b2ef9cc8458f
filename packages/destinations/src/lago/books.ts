import { describeProblem } from '../check-connection.js';
import type { BooksLookup, ListedUsage, Told, UsageFilter } from '../destination.js';
import type { HttpAnswer } from '../http-answer.js';
import { TIME_TOLERANCE_MS } from '../windows.js';
import { compareStored, type LagoContent } from './compare-stored.js';
import { ComputedFields } from './computed-fields.js';
import { EVENTS_A_PAGE } from './plan-reads.js';
import {
  canBeAskedFor,
  type EventsPage,
  eventPath,
  eventsPath,
  type LagoEvent,
  readEvent,
  readEvents,
} from './read-events.js';
import { readLagoEventsStore } from './read-events-store.js';

/**
 * Counts and lists of `GET /events`. On Postgres `meta.total_count` is a fresh count, and there is one event of a
 * subscription and a transaction_id. On ClickHouse repeats stay as rows and are counted.
 */
export const lagoBooks: BooksLookup = {
  pageSize: EVENTS_A_PAGE,
  toleranceMs: TIME_TOLERANCE_MS,
  async findObstacle(get) {
    const store = await readLagoEventsStore({ get });
    if (!store.told || store.store.name === 'postgres') return null;
    return `it keeps its events in ${store.store.name}, where repeats are counted as well: that is not possible yet`;
  },
  countPath: (filter) => eventsPath(toFilter(filter), 1, 1),
  readCount(answer, filter) {
    const page = readPage(answer, filter, 1);
    return page.ok ? { ok: true, told: page.told.total } : page;
  },
  listPath: (filter, page) => eventsPath(toFilter(filter), page),
  readList(answer, filter, page) {
    const read = readPage(answer, filter, page);
    if (!read.ok) return read;
    const { events, total, pages } = read.told;
    const rows = events.map(toListed);
    if (!rows.every((row) => row !== null)) return NO_ANSWER;
    return { ok: true, told: { rows, total, isLast: page >= pages } };
  },
  // The first event that has the id, under whatever subscription and code.
  idPath: (_code, id) => (canBeAskedFor(id) ? eventPath(id) : null),
  readById(answer, _code, id) {
    const read = readEvent(answer);
    if (read.is === 'problem') return { ok: false, problem: read.problem };
    if (read.is === 'absent') return { ok: true, told: [] };
    const row = toListed(read.event);
    return row?.usageId === id ? { ok: true, told: [row] } : NO_ANSWER;
  },
  openCompare(get) {
    const computed = new ComputedFields(get);
    return async (sent, { body, code }) => {
      const fields = compareStored(JSON.parse(sent) as LagoContent, JSON.parse(body) as LagoContent);
      // An event of another time is another one, whatever is computed of it.
      if (fields.length === 0 || fields.includes('timestamp')) return fields;
      const field = await computed.of(code);
      // Where metrics cannot be read, a single property may be one that is computed: nobody knows.
      if (field === undefined && fields.length === 1 && fields[0]!.startsWith('properties.')) return null;
      return field == null ? fields : fields.filter((each) => each !== `properties.${field}`);
    };
  },
};

const NO_ANSWER: Told<never> = {
  ok: false,
  problem: 'the answer does not hold the events that were asked for',
};

function toFilter({ code, fromMs, toMs }: UsageFilter) {
  return { code, window: { fromMs, toMs } };
}

function readPage(answer: HttpAnswer, filter: UsageFilter, page: number): Told<EventsPage> {
  if ('error' in answer || answer.status !== 200) return { ok: false, problem: describeProblem(answer) };
  const read = readEvents(answer, toFilter(filter), page);
  return read ? { ok: true, told: read } : NO_ANSWER;
}

function toListed(event: LagoEvent): ListedUsage | null {
  const { lago_id: row, transaction_id: usageId, external_subscription_id: owner, code, timestamp } = event;
  const at = typeof timestamp === 'string' ? Date.parse(timestamp) : Number.NaN;
  if (typeof row !== 'string' || typeof usageId !== 'string' || Number.isNaN(at)) return null;
  const { properties, precise_total_amount_cents = null } = event;
  const content = { transaction_id: usageId, external_subscription_id: owner, code, timestamp };
  const body = JSON.stringify({ ...content, precise_total_amount_cents, properties });
  return { row, usageId, owner: typeof owner === 'string' ? owner : '', code: String(code), at, body };
}
