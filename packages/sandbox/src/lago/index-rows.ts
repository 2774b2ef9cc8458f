import { type IndexColumn, LONGEST_INDEX_ROW, measureIndexRow } from '../postgres/index-row.js';
import { encodeJsonb } from '../postgres/jsonb.js';
import type { LagoEvent } from './read-event.js';

const UUID: IndexColumn = { bytes: 16, align: 1 };
const TIMESTAMP: IndexColumn = { bytes: 8, align: 8 };

/**
 * Whether Postgres can index an event. Two of Lago's indexes are the limit: idx_events_billing_lookup holds
 * (external_subscription_id, organization_id, code, timestamp) and, since 1.38.0, the properties; the unique
 * one holds (organization_id, external_subscription_id, transaction_id). A row that is too long is an error
 * of the insert, which Lago answers with 500 for the whole batch, at every try.
 *
 * Checked against Postgres with 3,000 random events near the limit, and against the events that Lago 1.51.0
 * took and refused: see the tests.
 */
export function fitsIndexes(event: LagoEvent): boolean {
  if (boundRows(event) <= LONGEST_INDEX_ROW) return true;
  const subscription = toColumn(event.externalSubscriptionId);
  return (
    measureIndexRow([UUID, subscription, toColumn(event.transactionId)]) <= LONGEST_INDEX_ROW &&
    measureIndexRow([
      subscription,
      UUID,
      toColumn(event.code),
      TIMESTAMP,
      { content: encodeJsonb(event.properties) },
    ]) <= LONGEST_INDEX_ROW
  );
}

function toColumn(text: string | null): IndexColumn {
  return text === null ? null : { content: Buffer.from(text) };
}

/** Headers, fixed columns and padding, of both rows together. */
const FIXED_BYTES = 128;
/** UTF-8 of one UTF-16 unit. */
const BYTES_PER_CHARACTER = 3;
/** An entry, padding, length, header, and the digits of any number: six groups of four. */
const BYTES_PER_NUMBER = 4 + 3 + 4 + 4 + 12;
const BYTES_PER_CONTAINER = 4 + 3 + 4;
const BYTES_PER_ENTRY = 4;

/** Never less than either row takes. Almost every event ends here: it must cost next to nothing. */
function boundRows({ transactionId, code, externalSubscriptionId, properties }: LagoEvent): number {
  const names = lengthOf(transactionId) + lengthOf(code) + lengthOf(externalSubscriptionId);
  return FIXED_BYTES + names * BYTES_PER_CHARACTER + boundObject(properties);
}

function lengthOf(text: string | null): number {
  return text === null ? 0 : text.length;
}

function boundObject(object: Record<string, unknown>): number {
  let bytes = BYTES_PER_CONTAINER;
  for (const key in object) {
    bytes += BYTES_PER_ENTRY + key.length * BYTES_PER_CHARACTER + boundValue(object[key]);
  }
  return bytes;
}

function boundValue(value: unknown): number {
  if (typeof value === 'string') return BYTES_PER_ENTRY + value.length * BYTES_PER_CHARACTER;
  if (typeof value === 'number') return BYTES_PER_NUMBER;
  if (typeof value !== 'object' || value === null) return BYTES_PER_ENTRY;
  if (!Array.isArray(value)) return boundObject(value as Record<string, unknown>);
  let bytes = BYTES_PER_CONTAINER;
  for (const item of value) bytes += boundValue(item);
  return bytes;
}
