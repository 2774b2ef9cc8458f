import { isUtf8 } from 'node:buffer';
import { createTwinFinder } from './equal-events.js';
import { leastBytes } from './event-size.js';
import { parseJson } from './parse-json.js';
import { BodyScan, type EventList } from './scan-body.js';
import { type CallType, isJsonObject, type JsonObject } from './segment-event.js';
import { UnreadableEvent } from './unreadable-event.js';

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

/** The same, before the body is parsed. */
export type ReaderBounds = BodyBounds & {
  /** Keys and values; no fewer than `atOnceBytes`. */
  values: number;
  /** A larger body is read in slices. */
  atOnceBytes: number;
};

const NOT_JSON: BodyReading = { ok: false, code: 'invalid_json', problem: 'the body is not JSON' };
const NOT_UTF8: BodyReading = {
  ok: false,
  code: 'invalid_json',
  problem: 'the body is not UTF-8, which JSON is',
};

/**
 * Reads the bodies Segment, its clients and its webhooks send: one event, `{"batch":[…]}`, a bare array,
 * and `[{"json":{…}}]`, which is what the extensible webhook makes of a batch.
 * @param callType The type the route stands for; a single event takes it, whatever it says itself.
 */
export function readBody(text: string, bounds: BodyBounds, callType?: CallType): BodyReading {
  const value = parseJson(text);
  return value === undefined ? recoverBody(Buffer.from(text), bounds) : readValue(value, bounds, callType);
}

/**
 * Does the same with the bytes of a body, in slices: a large one is parsed event by event, and others have their turn
 * between two slices. First `scan` to its end, then `read`.
 *
 * A body is read alike by either way: a list whose events are JSON, with JSON around it, is JSON, and no other is.
 */
export class BodyReader {
  private readonly body: Buffer;
  private readonly bounds: ReaderBounds;
  private readonly callType: CallType | undefined;
  private readonly bodyScan: BodyScan | null;
  private list: ListReader | null = null;

  constructor(body: Buffer, bounds: ReaderBounds, callType?: CallType) {
    this.body = body;
    this.bounds = bounds;
    this.callType = callType;
    // Each key and value takes a byte at least.
    this.bodyScan = body.length <= bounds.atOnceBytes ? null : new BodyScan(body, bounds);
  }

  /** Goes on for about so many milliseconds. @returns whether all is scanned */
  scan(sliceMs: number): boolean {
    return this.bodyScan?.run(sliceMs) ?? true;
  }

  /** Whether the body holds more keys and values than it may; known once it is scanned. */
  get holdsTooManyValues(): boolean {
    return this.bodyScan?.holdsTooMuch ?? false;
  }

  /** Goes on for about so many milliseconds, after `scan`. @returns null until all is read */
  read(sliceMs: number): BodyReading | null {
    if (this.list) return this.list.run(sliceMs);
    const events = this.bodyScan?.list;
    if (!events) return this.readAtOnce();
    const list = openList(this.body, events, this.bounds);
    if (!(list instanceof ListReader)) return list;
    this.list = list;
    return this.list.run(sliceMs);
  }

  private readAtOnce(): BodyReading {
    const value = isUtf8(this.body) ? parseJson(this.body.toString('utf8')) : undefined;
    return value === undefined
      ? recoverBody(this.body, this.bounds)
      : readValue(value, this.bounds, this.callType);
  }
}

function readValue(value: unknown, bounds: BodyBounds, callType: CallType | undefined): BodyReading {
  if (Array.isArray(value)) return readList(null, value, bounds);
  if (!isJsonObject(value)) {
    return { ok: false, code: 'invalid_json', problem: 'the body is neither an object nor a list' };
  }
  if (Array.isArray(value.batch)) return readList(value, value.batch, bounds);
  const writeKey = writeKeyOf(value);
  const event = callType ? { ...value, type: callType } : value;
  const writeKeys = writeKey === undefined ? [] : [writeKey];
  return { ok: true, body: { events: [event], writeKeys, batchWriteKey: writeKey } };
}

/** Reads a list event by event where one of them is not JSON: the others are as good as ever. */
function recoverBody(body: Buffer, bounds: BodyBounds): BodyReading {
  const scan = new BodyScan(body, { ...bounds, values: Number.POSITIVE_INFINITY });
  scan.run(Number.POSITIVE_INFINITY);
  if (!scan.list) return isUtf8(body) ? NOT_JSON : NOT_UTF8;
  const list = openList(body, scan.list, bounds);
  return list instanceof ListReader ? list.run(Number.POSITIVE_INFINITY)! : list;
}

/** Reads what stands around a list. @returns the reading where the body is to be refused */
function openList(body: Buffer, list: EventList, bounds: BodyBounds): ListReader | BodyReading {
  if (list.count > bounds.events) return tooManyEvents(bounds);
  const around = Buffer.concat([body.subarray(0, list.open + 1), body.subarray(list.close)]);
  if (!isUtf8(around)) return NOT_UTF8;
  const value = parseJson(around.toString('utf8'));
  if (value === undefined) return NOT_JSON;
  const batch = isJsonObject(value) ? value : null;
  return refuseShared(batch, list.count, bounds) ?? new ListReader(body, list, new EventCollector(batch));
}

/** Parses the events of a list one by one, in slices. */
class ListReader {
  private readonly body: Buffer;
  private readonly list: EventList;
  private readonly events: EventCollector;
  private next = 0;

  constructor(body: Buffer, list: EventList, events: EventCollector) {
    this.body = body;
    this.list = list;
    this.events = events;
  }

  /** @returns null until all is read */
  run(sliceMs: number): BodyReading | null {
    const until = performance.now() + sliceMs;
    const { bounds } = this.list;
    while (this.next < bounds.length) {
      const bytes = this.body.subarray(bounds[this.next], bounds[this.next + 1]);
      this.next += 2;
      this.events.add(readItem(bytes));
      if (performance.now() > until) break;
    }
    return this.next < bounds.length ? null : { ok: true, body: this.events.close() };
  }
}

/** What is not UTF-8 is not read: decoded carelessly, two ids that differ in a broken byte would become one. */
function readItem(bytes: Buffer): unknown {
  const value = isUtf8(bytes) ? parseJson(bytes.toString('utf8').trim()) : undefined;
  return value === undefined ? new UnreadableEvent(bytes) : value;
}

function readList(batch: JsonObject | null, items: unknown[], bounds: BodyBounds): BodyReading {
  if (items.length > bounds.events) return tooManyEvents(bounds);
  const refusal = refuseShared(batch, items.length, bounds);
  if (refusal) return refusal;
  const events = new EventCollector(batch);
  for (const item of items) events.add(item);
  return { ok: true, body: events.close() };
}

function tooManyEvents(bounds: BodyBounds): BodyReading {
  const problem = `the body holds more than ${bounds.events} events; send smaller batches`;
  return { ok: false, code: 'too_many_events', problem };
}

function refuseShared(batch: JsonObject | null, events: number, bounds: BodyBounds): BodyReading | null {
  const shared = [batch?.context, batch?.integrations, batch?.timestamp].filter((field) => field != null);
  const mostEach = bounds.sharedBytes / events;
  if (shared.length === 0 || leastBytes(shared, mostEach) <= mostEach) return null;
  const problem = `what the batch says of its events is more than ${bounds.sharedBytes} bytes for all of them; send smaller batches`;
  return { ok: false, code: 'body_too_large', problem };
}

/** Gathers the events of a list, with what their batch says of them and apart from each other. */
class EventCollector {
  private readonly batch: JsonObject | null;
  private readonly saysNothing: boolean;
  private readonly tellApart = createTwinFinder();
  private readonly events: unknown[] = [];
  private readonly writeKeys = new Set<string>();
  private readonly batchWriteKey: string | undefined;

  /** @param batch what stands around the list; null where that is the body itself */
  constructor(batch: JsonObject | null) {
    this.batch = batch;
    this.saysNothing = batch?.context == null && batch?.integrations == null && batch?.timestamp == null;
    this.batchWriteKey = batch ? nonEmptyString(batch.writeKey) : undefined;
    if (this.batchWriteKey !== undefined) this.writeKeys.add(this.batchWriteKey);
  }

  add(item: unknown): void {
    const event = this.tellApart(this.batch ? this.merge(this.batch, item) : unwrapJson(item));
    const writeKey = writeKeyOf(event);
    if (writeKey !== undefined) this.writeKeys.add(writeKey);
    this.events.push(event);
  }

  close(): SegmentBody {
    const { events, batchWriteKey } = this;
    return { events, writeKeys: [...this.writeKeys], batchWriteKey, sentAt: this.batch?.sentAt };
  }

  private merge(batch: JsonObject, item: unknown): unknown {
    return this.saysNothing
      ? item
      : mergeBatchFields(item, batch.context, batch.integrations, batch.timestamp);
  }
}

/** The write key an event names for itself, if any. */
export function writeKeyOf(event: unknown): string | undefined {
  return isJsonObject(event) ? nonEmptyString(event.writeKey) : undefined;
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

function nonEmptyString(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
