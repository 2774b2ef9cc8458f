import type { BooksLookup, Get, ListedUsage, Told, UsageFilter } from '../destination.js';
import type { HttpAnswer } from '../http-answer.js';
import type { Held } from '../search-list.js';
import { CustomersOf } from './customers-of.js';
import { differingProperties } from './find-stored.js';
import { eventsPath, isListable, NO_ANSWER, readEvents, TAKE } from './list-events.js';

type Sent = { customer_id: string; event_type: string; timestamp: string; record: Record<string, unknown> };

/**
 * Counts and lists of `GET /v1/events`: the versions in effect, of one event type, one of a record. A newer timestamp
 * moves a record; whose it is, is no part of its key.
 */
export const hyperlineBooks: BooksLookup = {
  pageSize: TAKE,
  toleranceMs: 0,
  findObstacle: async () => null,
  countPath: (filter) => windowPath(filter, 1, 1),
  readCount(answer, filter) {
    const page = readPage(answer, filter, 1, 1);
    return page.ok ? { ok: true, told: page.told.total } : page;
  },
  listPath: (filter, page) => windowPath(filter, page, TAKE),
  readList: (answer, filter, page) => readPage(answer, filter, page, TAKE),
  idPath: (code, id) =>
    isListable(id) ? eventsPath({ event_type: code, record_id__in: id, take: String(TAKE) }) : null,
  readById(answer, code, id) {
    const rows = readRows(answer, ({ usageId, code: of }) => usageId === id && of === code);
    return rows.ok ? { ok: true, told: rows.told.rows } : rows;
  },
  openCompare,
};

function windowPath({ code, fromMs, toMs }: UsageFilter, page: number, take: number): string {
  return eventsPath({
    event_type: code,
    timestamp_gte: new Date(fromMs).toISOString(),
    timestamp_lte: new Date(toMs).toISOString(),
    sort: 'timestamp',
    order: 'DESC',
    take: String(take),
    skip: String((page - 1) * take),
  });
}

function readPage(answer: HttpAnswer, { code, fromMs, toMs }: UsageFilter, page: number, take: number) {
  const isAsAsked = (row: ListedUsage) => row.code === code && row.at >= fromMs && row.at <= toMs;
  const read = readRows(answer, isAsAsked);
  if (!read.ok) return read;
  const { rows, total } = read.told;
  // Without its count nobody knows whether more follows.
  if (total === undefined || total < rows.length) return NO_ANSWER;
  const isLast = (page - 1) * take + rows.length >= total;
  return { ok: true, told: { rows, total, isLast } } as const;
}

function readRows(
  answer: HttpAnswer,
  isAsAsked: (row: ListedUsage) => boolean,
): Told<{ rows: ListedUsage[]; total: number | undefined }> {
  const read = readEvents(answer);
  if (!read.ok) return read;
  const rows = read.held.map(toListed);
  if (!rows.every((row): row is ListedUsage => row !== null && isAsAsked(row))) return NO_ANSWER;
  return { ok: true, told: { rows, total: read.total } };
}

function toListed({ id: usageId, at, row }: Held): ListedUsage | null {
  const { id, event_type: code, customer_id: owner, timestamp, record } = row;
  if (typeof id !== 'string' || typeof code !== 'string') return null;
  const body = JSON.stringify({ customer_id: owner, event_type: code, timestamp, record });
  return { row: id, usageId, owner: String(owner), code, at, body };
}

function openCompare(get: Get): (sent: string, row: ListedUsage) => Promise<string[] | null> {
  const customers = new CustomersOf(get);
  return async (text, { body, at, usageId }) => {
    const sent = JSON.parse(text) as Sent;
    const held = JSON.parse(body) as Record<string, unknown>;
    const fields = differingProperties(sent.record, held.record).map((name) => `record.${name}`);
    if (Date.parse(sent.timestamp) !== at) fields.unshift('timestamp');
    if (held.customer_id === sent.customer_id) return fields;
    // One customer has two names, and the list may show the other one.
    const isSame = await customers.isSame(sent, { id: usageId, at, row: held });
    if (isSame === null) return null;
    return isSame ? fields : ['customer_id', ...fields];
  };
}
