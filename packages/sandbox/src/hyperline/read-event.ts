import { isObject } from '../answer.js';

/** An event as Hyperline takes it; `record` is as it was sent. */
export type HyperlineEvent = {
  customerId: string;
  eventType: string;
  timestampMs: number;
  recordId: string;
  record: Record<string, unknown>;
};

export type HyperlineProblem =
  | 'not_an_object'
  | 'customer_id_missing'
  | 'event_type_missing'
  | 'timestamp_missing'
  | 'timestamp_invalid'
  | 'record_missing'
  | 'record_id_missing'
  | 'record_too_large'
  | 'record_not_flat';

/** The page says 25 and not whether `id` counts; here it does, so that what passes here passes there. */
const MAX_PROPERTIES = 25;

const ISO_8601 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})$/;

/** Reads one event, or says in a word what is wrong with it. The answer never carries that word in a batch. */
export function readHyperlineEvent(input: unknown): HyperlineEvent | HyperlineProblem {
  if (!isObject(input)) return 'not_an_object';
  const { customer_id: customerId, event_type: eventType, timestamp, record } = input;
  if (typeof customerId !== 'string' || customerId === '') return 'customer_id_missing';
  if (typeof eventType !== 'string' || eventType === '') return 'event_type_missing';
  if (timestamp === undefined || timestamp === null) return 'timestamp_missing';
  const timestampMs = readTimestamp(timestamp);
  if (Number.isNaN(timestampMs)) return 'timestamp_invalid';
  if (!isObject(record)) return 'record_missing';
  const { id } = record;
  if ((typeof id !== 'string' && typeof id !== 'number') || id === '') return 'record_id_missing';
  let properties = 0;
  for (const name in record) {
    properties += 1;
    if (!isFlat(record[name])) return 'record_not_flat';
  }
  if (properties > MAX_PROPERTIES) return 'record_too_large';
  return { customerId, eventType, timestampMs, recordId: String(id), record };
}

/** ISO 8601 with a zone, or milliseconds since the epoch as a number or its digits. */
function readTimestamp(value: unknown): number {
  if (typeof value === 'number') return Number.isInteger(value) ? value : Number.NaN;
  if (typeof value !== 'string') return Number.NaN;
  if (ISO_8601.test(value)) return Date.parse(value);
  return /^\d{1,16}$/.test(value) ? Number(value) : Number.NaN;
}

/** Scalars, null, and arrays of scalars: one level. */
function isFlat(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return Array.isArray(value) && value.every((item) => typeof item !== 'object' || item === null);
}
