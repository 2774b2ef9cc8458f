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
  if (boundRows(event, boundText) <= LONGEST_INDEX_ROW) return true;
  if (boundRows(event, Buffer.byteLength) <= LONGEST_INDEX_ROW) return true;
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
/** An entry, padding, length, header, and the digits of any number: six groups of four. */
const BYTES_PER_NUMBER = 4 + 3 + 4 + 4 + 12;
const BYTES_PER_CONTAINER = 4 + 3 + 4;
const BYTES_PER_ENTRY = 4;

type MeasureText = (text: string) => number;

/** UTF-8 takes at most three bytes for what is one in a string's length: no need to look at the text. */
function boundText(text: string): number {
  return text.length * 3;
}

/** Never less than either row takes. Almost every event ends here: it must cost next to nothing. */
function boundRows(
  { transactionId, code, externalSubscriptionId, properties }: LagoEvent,
  measure: MeasureText,
): number {
  const names = measure(transactionId ?? '') + measure(code ?? '') + measure(externalSubscriptionId ?? '');
  return FIXED_BYTES + names + boundObject(properties, measure);
}

function boundObject(object: Record<string, unknown>, measure: MeasureText): number {
  let bytes = BYTES_PER_CONTAINER;
  for (const key in object) bytes += BYTES_PER_ENTRY + measure(key) + boundValue(object[key], measure);
  return bytes;
}

function boundValue(value: unknown, measure: MeasureText): number {
  if (typeof value === 'string') return BYTES_PER_ENTRY + measure(value);
  if (typeof value === 'number') return BYTES_PER_NUMBER;
  if (typeof value !== 'object' || value === null) return BYTES_PER_ENTRY;
  if (!Array.isArray(value)) return boundObject(value as Record<string, unknown>, measure);
  let bytes = BYTES_PER_CONTAINER;
  for (const item of value) bytes += boundValue(item, measure);
  return bytes;
}
