import { hashContent } from '../content-hash.js';
import type { Ledger } from '../ledger.js';
import type { LagoOptions } from './options.js';
import type { LagoEvent } from './read-event.js';
import type { LagoContent } from './store.js';

/** An event as Lago answers it (OpenAPI: EventObject). */
export type LagoEventJson = {
  lago_id: string | null;
  transaction_id: string | null;
  lago_customer_id: null;
  code: string | null;
  timestamp: string;
  precise_total_amount_cents: string | null;
  /** Absent where the sandbox no longer keeps it. */
  properties?: Record<string, unknown>;
  lago_subscription_id: null;
  external_subscription_id: string | null;
  created_at: string | null;
};

/** The farthest time that a date can say; Postgres ends about there as well. */
export const LAST_TIMESTAMP_MS = 8.64e15;

/** The answer to a create. ClickHouse organizations give no id and no creation time: nothing was saved yet. */
export function toCreatedJson(
  event: LagoEvent,
  row: number,
  store: LagoOptions['store'],
  createdAt: string,
): LagoEventJson {
  const isSaved = store === 'postgres';
  return {
    lago_id: isSaved ? lagoIdOf(row) : null,
    transaction_id: event.transactionId,
    lago_customer_id: null,
    code: event.code,
    timestamp: toIsoMs(event.timestampMs),
    precise_total_amount_cents: event.preciseTotalAmountCents,
    properties: event.properties,
    lago_subscription_id: null,
    external_subscription_id: event.externalSubscriptionId,
    created_at: isSaved ? createdAt : null,
  };
}

/** A stored event, read back. In ClickHouse properties are strings whatever they were. */
export function toStoredJson(ledger: Ledger, row: number, store: LagoOptions['store']): LagoEventJson {
  const content = ledger.contentOf(row) as LagoContent | undefined;
  const { columns } = ledger;
  return {
    lago_id: lagoIdOf(row),
    transaction_id: ledger.idOf(row),
    lago_customer_id: null,
    code: ledger.codes.nameOf(columns.code[row]!),
    timestamp: toIsoMs(columns.timestampMs[row]!),
    precise_total_amount_cents: content?.precise_total_amount_cents ?? null,
    ...(content && {
      properties: store === 'postgres' ? content.properties : toStrings(content.properties),
    }),
    lago_subscription_id: null,
    external_subscription_id: ledger.owners.nameOf(columns.owner[row]!),
    created_at: toIsoSeconds(columns.receivedAtMs[row]!),
  };
}

/** `2022-04-29T08:59:51Z`, as Lago writes creation times. */
export function toIsoSeconds(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** Any stable UUID will do: it is the row's number. */
export function lagoIdOf(row: number): string {
  return `1a901a90-0000-4000-8000-${row.toString(16).padStart(12, '0')}`;
}

/** As stable, for what has a name and no row. */
export function lagoIdFor(name: string): string {
  return `1a901a91-0000-4000-8000-${hashContent([name]).toString(16).padStart(14, '0').slice(-12)}`;
}

/** `2022-04-29T08:59:51.123Z`, as Lago writes the times of events. */
export function toIsoMs(ms: number): string {
  const text = new Date(ms).toISOString();
  // Past the year 9999 JavaScript writes a sign and six digits; Ruby writes the year.
  return text.startsWith('+') ? text.replace(/^\+0*/, '') : text;
}

function toStrings(properties: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(properties).map(([name, value]) => [
      name,
      typeof value === 'object' ? JSON.stringify(value) : String(value),
    ]),
  );
}
