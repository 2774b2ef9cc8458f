import { identify } from './event-identity.js';
import { checkSize } from './event-size.js';
import { readEventTime, type TimeContext } from './event-time.js';
import { jsonTypeOf, type Rejection } from './rejection.js';
import {
  CALL_TYPES,
  type CallType,
  isJsonObject,
  type JsonObject,
  type MessageId,
  type SegmentEvent,
} from './segment-event.js';
import { describeUnreadable, UnreadableEvent } from './unreadable-event.js';

/** What is known about a request when its events are frozen. */
export type FreezeContext = TimeContext & {
  /** The most JSON an event may be; Segment's own limit is 32 KB. */
  maxEventBytes: number;
};

export type Freezing =
  | {
      ok: true;
      event: SegmentEvent;
      /**
       * The time depends on when it was received: whoever stores it must keep the first one, or a retry of
       * the client's request makes a second event of it.
       */
      timeFromReceipt: boolean;
    }
  | { ok: false; rejection: Rejection };

const ID_FIELDS = ['userId', 'anonymousId', 'groupId', 'previousId'] as const;
/** Fields that are objects; an event in which one of them is text or a list of something is refused. */
export const OBJECT_FIELDS = ['properties', 'traits', 'context', 'integrations'] as const;
const TEXT_FIELDS = ['event', 'name'] as const;

/**
 * Judges what a client sent and fixes what it is billed by: id, time, and the ids it belongs to. Equal
 * arguments give equal results. The write key, a secret, does not go on into the event. `raw` is left
 * as it is; the event shares its inner objects.
 */
export function freezeEvent(raw: unknown, context: FreezeContext): Freezing {
  const frozen = freeze(raw, context);
  return 'reason' in frozen ? { ok: false, rejection: frozen } : { ok: true, ...frozen };
}

/**
 * The id that an event without one is given: the hash of its content, whatever of it libraries write in several
 * ways. Null for an event that has an id, or will be refused as it is.
 */
export function hashedIdOf(raw: unknown): MessageId | null {
  // Bounds the depth only: how large an event may be is not known here.
  if (!isJsonObject(raw) || checkSize(raw, Number.POSITIVE_INFINITY)) return null;
  const event = plainCopy(raw);
  if ((event.messageId ?? '') !== '' || tidyFields(event)) return null;
  const identity = identify(event);
  return 'reason' in identity ? null : identity.messageId;
}

type Frozen = { event: SegmentEvent; timeFromReceipt: boolean };

function freeze(raw: unknown, context: FreezeContext): Frozen | Rejection {
  if (raw instanceof UnreadableEvent) return { reason: 'invalid_json', detail: describeUnreadable(raw) };
  if (!isJsonObject(raw)) {
    return { reason: 'not_an_object', detail: `the event is a ${jsonTypeOf(raw)}; expected an object` };
  }
  const oversize = checkSize(raw, context.maxEventBytes);
  if (oversize) return oversize;

  const event = plainCopy(raw);
  const unfit = checkType(event.type) ?? tidyFields(event) ?? checkCall(event, event.type as CallType);
  if (unfit) return unfit;

  const identity = identify(event);
  if ('reason' in identity) return identity;
  const time = readEventTime(event, context);
  if ('reason' in time) return time;

  event.messageId = identity.messageId;
  event.timestamp = time.text ?? new Date(time.timestampMs).toISOString();
  event.receivedAt = receiptOf(context.receivedAtMs);
  // Field by field this is segmentEventSchema; a test holds the two together.
  return { event: event as SegmentEvent, timeFromReceipt: time.fromReceipt };
}

let lastReceipt = { atMs: Number.NaN, text: '' };

/** All events of a request have the same. */
function receiptOf(atMs: number): string {
  if (lastReceipt.atMs !== atMs) lastReceipt = { atMs, text: new Date(atMs).toISOString() };
  return lastReceipt.text;
}

/**
 * With room for `receivedAt`, which most are sent without: a field that is added to a copy afterwards costs a
 * microsecond, twenty times what the copy does (measured).
 */
function plainCopy(raw: JsonObject): JsonObject {
  const event = raw.writeKey === undefined ? { receivedAt: undefined, ...raw } : withoutWriteKey(raw);
  if (Object.hasOwn(event, '__proto__')) Reflect.deleteProperty(event, '__proto__');
  return event;
}

/** Not by `delete`, which would make every later access to the event slow. */
function withoutWriteKey({ writeKey: _, ...event }: JsonObject): JsonObject {
  return { receivedAt: undefined, ...event };
}

/** Segment's word to have a person deleted: it carries no usage, and whoever holds a write key could send it. */
const DELETION_REQUEST =
  'it carries no usage and asks to forget the person of its userId: run meterbridge forget --user <that id> --refuse-later, which takes this letter too. Where a secret of a webhook or a function proves such calls, deleteCalls: forget of the source has them do it';

function checkType(type: unknown): Rejection | null {
  if (type === undefined || type === null || type === '') {
    return { reason: 'missing_type', detail: `type is missing; expected one of ${CALL_TYPES.join(', ')}` };
  }
  if (CALL_TYPES.includes(type as CallType)) return null;
  if (type === 'delete' || type === 'suppress') {
    return { reason: 'unsupported_type', detail: `type is ${type}: ${DELETION_REQUEST}` };
  }
  const expected = `expected one of ${CALL_TYPES.join(', ')}`;
  return { reason: 'unsupported_type', detail: `type is another ${jsonTypeOf(type)}; ${expected}` };
}

/**
 * Makes one shape of what libraries write in several: null and the empty id are absence (Python, the
 * browser's batching), a whole number is an id (older Node and Python libraries), `[]` is PHP's empty object.
 */
function tidyFields(event: JsonObject): Rejection | null {
  for (const field of ID_FIELDS) {
    const value = event[field];
    if (value === undefined) continue;
    if (value === null || value === '') delete event[field];
    else if (Number.isSafeInteger(value)) event[field] = String(value);
    else if (typeof value !== 'string') return invalidField(field, value, 'a string');
  }
  for (const field of OBJECT_FIELDS) {
    const value = event[field];
    if (value === undefined || isJsonObject(value)) continue;
    if (value === null) delete event[field];
    else if (Array.isArray(value) && value.length === 0) event[field] = {};
    else return invalidField(field, value, 'an object');
  }
  for (const field of TEXT_FIELDS) {
    const value = event[field];
    if (value === null) delete event[field];
    else if (value !== undefined && typeof value !== 'string') return invalidField(field, value, 'a string');
  }
  return null;
}

/** What the Spec asks of each call. */
function checkCall(event: JsonObject, type: CallType): Rejection | null {
  if (type === 'track' && !event.event) {
    return { reason: 'missing_event', detail: 'event is missing; a track call needs its name' };
  }
  if (type === 'alias') {
    if (event.previousId !== undefined && event.userId !== undefined) return null;
    return { reason: 'missing_identity', detail: 'an alias call needs previousId and userId' };
  }
  if (event.userId === undefined && event.anonymousId === undefined) {
    return { reason: 'missing_identity', detail: 'userId and anonymousId are missing; expected one of them' };
  }
  if (type === 'group' && event.groupId === undefined) {
    return { reason: 'missing_identity', detail: 'a group call needs groupId' };
  }
  return null;
}

function invalidField(field: string, value: unknown, expected: string): Rejection {
  return { reason: 'invalid_field', detail: `${field} is a ${jsonTypeOf(value)}; expected ${expected}` };
}
