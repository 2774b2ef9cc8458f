import { type Answer, answerJson, readCount } from '../answer.js';
import { answerHyperlineError } from './answers.js';
import type { HyperlineStore } from './store.js';

/** An event as GET /v1/events gives it. */
export type HyperlineEventJson = {
  id: string;
  event_type: string;
  timestamp: string;
  customer_id: string;
  record_id: string;
  /** Absent where the sandbox no longer keeps it. */
  record?: unknown;
};

/** GET /v1/events: what is in effect, one a key. `event_type` is required; `take` is 50, at most 100. */
export function listEvents(query: URLSearchParams, store: HyperlineStore): Answer {
  const eventType = query.get('event_type');
  if (!eventType) return answerHyperlineError(400, 'event_type is required');
  const take = readCount(query.get('take'), 50);
  if (take < 1 || take > 100) return answerHyperlineError(400, 'take must be from 1 to 100');
  const fromMs = readBound(query.get('timestamp_gte'), -Infinity);
  const toMs = readBound(query.get('timestamp_lte'), Infinity);
  if (Number.isNaN(fromMs) || Number.isNaN(toMs))
    return answerHyperlineError(400, 'timestamp_gte and timestamp_lte must be dates');
  const customer = query.get('customer_id');
  const { columns, owners } = store.ledger;
  const rows = findRows(store, eventType, query.get('record_id__in')).filter(
    (row) =>
      (customer === null || columns.owner[row] === owners.find(customer)) &&
      columns.timestampMs[row]! >= fromMs &&
      columns.timestampMs[row]! <= toMs,
  );
  if (query.get('sort') === 'timestamp') {
    const direction = query.get('order')?.toLowerCase() === 'desc' ? -1 : 1;
    rows.sort((a, b) => direction * (columns.timestampMs[a]! - columns.timestampMs[b]!));
  }
  const skip = readCount(query.get('skip'), 0);
  const data = rows.slice(skip, skip + take).map((row) => toHyperlineJson(store, row));
  return answerJson(200, { meta: { total: rows.length, taken: data.length, skipped: skip }, data });
}

/** A row as the API shows it. */
export function toHyperlineJson({ ledger }: HyperlineStore, row: number): HyperlineEventJson {
  const record = ledger.contentOf(row);
  return {
    id: `evt_${row.toString(36).padStart(10, '0')}`,
    event_type: ledger.codes.nameOf(ledger.columns.code[row]!)!,
    timestamp: toIso(ledger.columns.timestampMs[row]!),
    customer_id: ledger.owners.nameOf(ledger.columns.owner[row]!)!,
    record_id: ledger.idOf(row),
    ...(record !== undefined && { record }),
  };
}

/** By record ids without looking at the rest: it is the call that verifies a delivery. */
function findRows(store: HyperlineStore, eventType: string, recordIds: string | null): number[] {
  if (recordIds !== null) {
    const ids = [...new Set(recordIds.split(','))];
    return ids.map((id) => store.rowOf(eventType, id)).filter((row) => row >= 0);
  }
  const code = store.ledger.codes.find(eventType);
  const rows: number[] = [];
  for (let row = 0; row < store.ledger.size; row += 1) {
    if (store.ledger.columns.code[row] === code) rows.push(row);
  }
  return rows;
}

function readBound(text: string | null, fallback: number): number {
  return text === null || text === '' ? fallback : Date.parse(text);
}

function toIso(ms: number): string {
  return Math.abs(ms) > 8.64e15 ? String(ms) : new Date(ms).toISOString();
}
