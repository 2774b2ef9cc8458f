import { jsonTypeOf, type Rejection } from './rejection.js';
import { isJsonObject, type JsonObject } from './segment-event.js';
import { isInFull, readTimestampMs } from './timestamps.js';

/** How an event came: straight from a client of the Tracking API, or forwarded by Segment, which has corrected its time. */
export type Via = 'tracking' | 'webhook';

/** Whose clock says when an event happened. */
export type Clock = 'device' | 'server';

/** What is known of an event's way here that its time depends on. */
export type TimeContext = {
  /** This receiver's clock when the request came in. */
  receivedAtMs: number;
  /** When the client sent the batch, by its own clock; an event's own `sentAt` wins. */
  sentAt?: unknown;
  via: Via;
  /**
   * Whose clock the source's events go by: their users' devices, which need correction, or servers, which do not.
   * Where it is not said, each event's `context` tells.
   */
  clock?: Clock | undefined;
  maxAgeMs: number;
  maxFutureMs: number;
};

/** Fields of `context` that a library on a phone or tablet fills in by itself, and a server's does not. */
const DEVICE_FIELDS = ['device', 'os', 'screen'];
/** In a browser it is `page` with these; privacy rules may have taken some. A server may pass on one or the other. */
const BROWSER_FIELDS = ['userAgent', 'userAgentData', 'locale', 'timezone'];

export type EventTime = {
  /** Since 1970. */
  timestampMs: number;
  /** The same as it was sent, where that is how it is stored: writing it anew costs as much as reading it. */
  text?: string;
  /** The same event received again, by a retry of its client, would come out at another time. */
  fromReceipt: boolean;
};

/**
 * The time an event is billed at, in milliseconds since 1970: what the sender says, corrected by the
 * formula of Segment's Spec (receivedAt - (sentAt - originalTimestamp)) where a device's clock said it.
 * An event that carries an id but no time happened, as with Segment, when it was received.
 * Refused where it cannot be read, or lies outside the window in which usage is believed.
 */
export function readEventTime(event: JsonObject, context: TimeContext): EventTime | Rejection {
  const time = correctedTime(event, context);
  if ('reason' in time) return time;
  const { timestampMs } = time;
  if (timestampMs < context.receivedAtMs - context.maxAgeMs) {
    const detail = `timestamp lies more than ${context.maxAgeMs} ms before receipt`;
    return { reason: 'timestamp_out_of_range', detail };
  }
  if (timestampMs > context.receivedAtMs + context.maxFutureMs) {
    const detail = `timestamp lies more than ${context.maxFutureMs} ms after receipt`;
    return { reason: 'timestamp_out_of_range', detail };
  }
  return time;
}

function correctedTime(event: JsonObject, context: TimeContext): EventTime | Rejection {
  const given = event.timestamp ?? event.originalTimestamp ?? forwardedReceipt(event, context);
  if (given === undefined) return { timestampMs: context.receivedAtMs, fromReceipt: true };
  const givenMs = readTimestampMs(given);
  if (givenMs === null) {
    const detail = `timestamp is a ${jsonTypeOf(given)} that is no time; expected ISO 8601, such as 2026-01-31T12:00:00.000Z`;
    return { reason: 'invalid_timestamp', detail };
  }
  if (!saysDeviceTime(event, context)) return asGiven(given as string, givenMs);
  const sentAtMs = readTimestampMs(event.sentAt ?? context.sentAt);
  return sentAtMs === null
    ? asGiven(given as string, givenMs)
    : { timestampMs: context.receivedAtMs - (sentAtMs - givenMs), fromReceipt: true };
}

function asGiven(given: string, timestampMs: number): EventTime {
  return isInFull(given)
    ? { timestampMs, text: given, fromReceipt: false }
    : { timestampMs, fromReceipt: false };
}

/** Segment's own time of receipt: as good as a timestamp, and the same in each of its retries. */
function forwardedReceipt(event: JsonObject, context: TimeContext): unknown {
  return context.via === 'webhook' ? (event.receivedAt ?? undefined) : undefined;
}

/** Both times present and apart mean that someone on the way has corrected the one from the other. */
function saysDeviceTime(event: JsonObject, context: TimeContext): boolean {
  if (context.via === 'webhook') return false;
  const { timestamp, originalTimestamp } = event;
  if (timestamp != null && originalTimestamp != null && timestamp !== originalTimestamp) return false;
  return (context.clock ?? clockOf(event)) === 'device';
}

/**
 * A server's clock is trusted: its `sentAt` may be frozen across hours of retries, and the formula would move its
 * usage by as much, perhaps into the next billing period.
 */
function clockOf({ context }: JsonObject): Clock {
  if (!isJsonObject(context)) return 'server';
  const isFilled = (field: string) => {
    const value = context[field];
    return isJsonObject(value) ? Object.keys(value).length > 0 : typeof value === 'string' && value !== '';
  };
  const isBrowser = isFilled('page') && BROWSER_FIELDS.some(isFilled);
  return isBrowser || DEVICE_FIELDS.some(isFilled) ? 'device' : 'server';
}
