import { parseJson } from './parse-json.js';
import { type CallType, isJsonObject, type JsonObject } from './segment-event.js';

/** What a request body holds, before any event of it was judged. */
export type SegmentBody = {
  /** As sent, with what the batch says about all of its events merged in. Not validated. */
  events: unknown[];
  /** Every distinct write key named at the top level or by an event, in order of appearance. */
  writeKeys: string[];
  /** The write key at the top level, a single event's own included; a batch's events may name others, see `writeKeyOf`. */
  batchWriteKey?: string;
  /** When the client sent the batch, by the client's clock; a single event carries its own. */
  sentAt?: unknown;
};

export type BodyReading = { ok: true; body: SegmentBody } | { ok: false; problem: string };

/**
 * Reads the bodies Segment, its clients and its webhooks send: one event, `{"batch":[…]}`, a bare array,
 * and `[{"json":{…}}]`, which is what the extensible webhook makes of a batch.
 * @param callType The type the route stands for; a single event takes it, whatever it says itself.
 */
export function readBody(text: string, callType?: CallType): BodyReading {
  const value = parseJson(text);
  if (value === undefined) return { ok: false, problem: 'the body is not JSON' };
  if (Array.isArray(value)) return { ok: true, body: withWriteKeys({ events: value.map(unwrapJson) }) };
  if (!isJsonObject(value)) return { ok: false, problem: 'the body is neither an object nor a list' };
  if (Array.isArray(value.batch)) return { ok: true, body: readBatch(value, value.batch) };
  const event = callType ? { ...value, type: callType } : value;
  return { ok: true, body: withWriteKeys({ events: [event], batchWriteKey: writeKeyOf(value) }) };
}

/** The write key an event names for itself, if any. */
export function writeKeyOf(event: unknown): string | undefined {
  return isJsonObject(event) ? nonEmptyString(event.writeKey) : undefined;
}

function readBatch(batch: JsonObject, items: unknown[]): SegmentBody {
  const { context, integrations, timestamp, sentAt } = batch;
  const events =
    context == null && integrations == null && timestamp == null
      ? items
      : items.map((item) => mergeBatchFields(item, context, integrations, timestamp));
  return withWriteKeys({ events, batchWriteKey: nonEmptyString(batch.writeKey), sentAt });
}

/** What an event says itself wins over what its batch says. */
function mergeBatchFields(
  event: unknown,
  context: unknown,
  integrations: unknown,
  timestamp: unknown,
): unknown {
  if (!isJsonObject(event)) return event;
  const merged = { ...event };
  if (isJsonObject(context)) merged.context = mergeObjects(context, event.context);
  if (isJsonObject(integrations)) merged.integrations = mergeObjects(integrations, event.integrations);
  if (timestamp != null && event.timestamp == null && event.originalTimestamp == null)
    merged.timestamp = timestamp;
  return merged;
}

function mergeObjects(outer: JsonObject, inner: unknown): unknown {
  if (isJsonObject(inner)) return { ...outer, ...inner };
  // An empty PHP array is encoded as [] whatever it stood for.
  const saysNothing = inner == null || (Array.isArray(inner) && inner.length === 0);
  return saysNothing ? outer : inner;
}

function unwrapJson(item: unknown): unknown {
  return isJsonObject(item) && item.type === undefined && isJsonObject(item.json) ? item.json : item;
}

function withWriteKeys(body: Omit<SegmentBody, 'writeKeys'>): SegmentBody {
  const writeKeys = new Set<string>();
  if (body.batchWriteKey !== undefined) writeKeys.add(body.batchWriteKey);
  for (const event of body.events) {
    const writeKey = writeKeyOf(event);
    if (writeKey !== undefined) writeKeys.add(writeKey);
  }
  return { ...body, writeKeys: [...writeKeys] };
}

function nonEmptyString(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
