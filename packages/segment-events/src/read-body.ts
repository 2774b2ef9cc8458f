import { tellEqualEventsApart } from './equal-events.js';
import { leastBytes } from './event-size.js';
import { parseJson } from './parse-json.js';
import { findEventList, UnreadableEvent } from './recover-events.js';
import { type CallType, isJsonObject, type JsonObject } from './segment-event.js';

/** What a request body holds, before any event of it was judged. */
export type SegmentBody = {
  /**
   * As sent, with what the batch says about all of its events merged in, and an id where a list holds equal events
   * without one. Not validated; one that is not JSON is an `UnreadableEvent`.
   */
  events: unknown[];
  /** Every distinct write key named at the top level or by an event, in order of appearance. */
  writeKeys: string[];
  /** The write key at the top level, a single event's own included; a batch's events may name others, see `writeKeyOf`. */
  batchWriteKey?: string;
  /** When the client sent the batch, by the client's clock; a single event carries its own. */
  sentAt?: unknown;
};

/** `problem` is for the sender and shows nothing of what it sent. */
export type BodyReading =
  | { ok: true; body: SegmentBody }
  | { ok: false; code: 'invalid_json' | 'too_many_events' | 'body_too_large'; problem: string };

/** The most that may become of one body, whoever sent it. */
export type BodyBounds = {
  events: number;
  /** Of what a batch says about all of its events, written out for each: 1 MB said of 1,000 events is 1 GB. */
  sharedBytes: number;
};

/**
 * Reads the bodies Segment, its clients and its webhooks send: one event, `{"batch":[…]}`, a bare array,
 * and `[{"json":{…}}]`, which is what the extensible webhook makes of a batch.
 * @param callType The type the route stands for; a single event takes it, whatever it says itself.
 */
export function readBody(text: string, bounds: BodyBounds, callType?: CallType): BodyReading {
  const value = parseJson(text);
  if (value === undefined) return recoverBody(text, bounds);
  if (Array.isArray(value)) return readList({}, value.map(unwrapJson), bounds);
  if (!isJsonObject(value)) {
    return { ok: false, code: 'invalid_json', problem: 'the body is neither an object nor a list' };
  }
  if (Array.isArray(value.batch)) return readList(value, value.batch, bounds);
  const event = callType ? { ...value, type: callType } : value;
  return { ok: true, body: withWriteKeys({ events: [event], batchWriteKey: writeKeyOf(value) }) };
}

/** Reads a list event by event where one of them is not JSON: the others are as good as ever. */
function recoverBody(text: string, bounds: BodyBounds): BodyReading {
  const list = findEventList(text, bounds.events);
  const around = list ? parseJson(list.around) : undefined;
  if (!list || around === undefined) {
    return { ok: false, code: 'invalid_json', problem: 'the body is not JSON' };
  }
  const items =
    list.items.length > bounds.events
      ? list.items
      : list.items.map((item) => parseJson(item) ?? new UnreadableEvent(item));
  return isJsonObject(around) ? readList(around, items, bounds) : readList({}, items.map(unwrapJson), bounds);
}

/** The write key an event names for itself, if any. */
export function writeKeyOf(event: unknown): string | undefined {
  return isJsonObject(event) ? nonEmptyString(event.writeKey) : undefined;
}

function readList(batch: JsonObject, items: unknown[], bounds: BodyBounds): BodyReading {
  if (items.length > bounds.events) {
    const problem = `the body holds more than ${bounds.events} events; send smaller batches`;
    return { ok: false, code: 'too_many_events', problem };
  }
  const { context, integrations, timestamp, sentAt } = batch;
  const shared = [context, integrations, timestamp].filter((field) => field != null);
  const mostEach = bounds.sharedBytes / items.length;
  if (shared.length > 0 && leastBytes(shared, mostEach) > mostEach) {
    const problem = `what the batch says of its events is more than ${bounds.sharedBytes} bytes for all of them; send smaller batches`;
    return { ok: false, code: 'body_too_large', problem };
  }
  const events =
    shared.length === 0
      ? items
      : items.map((item) => mergeBatchFields(item, context, integrations, timestamp));
  const batchWriteKey = nonEmptyString(batch.writeKey);
  return { ok: true, body: withWriteKeys({ events: tellEqualEventsApart(events), batchWriteKey, sentAt }) };
}

/** What an event says itself wins over what its batch says. */
function mergeBatchFields(
  event: unknown,
  context: unknown,
  integrations: unknown,
  timestamp: unknown,
): unknown {
  if (!isJsonObject(event) || event instanceof UnreadableEvent) return event;
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
