import type { Answer } from '../answer.js';
import { answerLagoInvalid } from './answers.js';
import { toStoredJson } from './event-json.js';
import type { KnownSubscriptions } from './known-subscriptions.js';
import type { LagoOptions } from './options.js';
import { answerPage } from './pages.js';
import type { LagoStore } from './store.js';

type Filter = { owner: number | undefined; code: number | undefined; fromMs: number; toMs: number };

/** GET /events: filtered, newest timestamp first and then by id, in pages. Keeps the last filter's rows while nothing arrives. */
export function createEventList(
  store: LagoStore,
  options: LagoOptions,
  subscriptions: KnownSubscriptions,
): (query: URLSearchParams) => Answer {
  let cachedFor = '';
  let cached: number[] = [];
  return (query) => {
    const filter = readFilter(query, store, subscriptions);
    if ('invalid' in filter) return answerLagoInvalid(filter.invalid);
    const { owner, code, fromMs, toMs } = filter;
    const wanted = JSON.stringify([store.ledger.revision, owner, code, fromMs, toMs]);
    if (wanted !== cachedFor) {
      cached = findRows(store, filter);
      cachedFor = wanted;
    }
    return answerPage('events', cached, query, (row) => toStoredJson(store.ledger, row, options.store));
  };
}

function readFilter(
  query: URLSearchParams,
  { ledger }: LagoStore,
  subscriptions: KnownSubscriptions,
): Filter | { invalid: Record<string, string[]> } {
  const subscription = query.get('external_subscription_id');
  const code = query.get('code');
  const fromMs = readDate(query.get('timestamp_from'), -Infinity);
  const toMs = readDate(query.get('timestamp_to'), Infinity);
  if (Number.isNaN(fromMs)) return { invalid: { timestamp_from: ['invalid_date'] } };
  if (Number.isNaN(toMs)) return { invalid: { timestamp_to: ['invalid_date'] } };
  const isFromStart = query.get('timestamp_from_started_at') === 'true';
  if (isFromStart && !subscription)
    return { invalid: { external_subscription_id: ['required with timestamp_from_started_at'] } };
  const startedMs = isFromStart ? startOf(subscription, subscriptions) : -Infinity;
  return {
    owner: subscription === null ? undefined : ledger.owners.find(subscription),
    code: code === null ? undefined : ledger.codes.find(code),
    fromMs: Math.max(fromMs, startedMs),
    toMs,
  };
}

function findRows(store: LagoStore, { owner, code, fromMs, toMs }: Filter): number[] {
  const { ledger } = store;
  const { columns } = ledger;
  const rows: number[] = [];
  for (let row = 0; row < ledger.size; row += 1) {
    if (store.isDeleted(row)) continue;
    if (owner !== undefined && columns.owner[row] !== owner) continue;
    if (code !== undefined && columns.code[row] !== code) continue;
    const timestampMs = columns.timestampMs[row]!;
    if (timestampMs >= fromMs && timestampMs <= toMs) rows.push(row);
  }
  return rows.sort(
    (a, b) =>
      columns.timestampMs[b]! - columns.timestampMs[a]! ||
      compareTexts(ledger.idOf(a), ledger.idOf(b)) ||
      a - b,
  );
}

function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** ISO 8601 only, in UTC unless it names a zone; not a number where it is something else. */
function readDate(text: string | null, fallback: number): number {
  if (text === null || text === '') return fallback;
  if (!/^\d{4}-\d{2}-\d{2}/.test(text)) return Number.NaN;
  const isLocal = /T[\d:.]+$/.test(text);
  return Date.parse(isLocal ? `${text}Z` : text);
}

function startOf(externalId: string | null, subscriptions: KnownSubscriptions): number {
  const [life] = subscriptions.livesOf(externalId ?? '');
  return life?.startedMs ?? -Infinity;
}
