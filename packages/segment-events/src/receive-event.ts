import type { Clock, Via } from './event-time.js';
import { freezeEvent } from './freeze-event.js';
import { isEnabled } from './integrations.js';
import type { Privacy } from './privacy.js';
import { keepRefused } from './refused-event.js';
import type { RejectionReason } from './rejection.js';
import type { RequestRef } from './request-ref.js';
import type { SegmentEvent } from './segment-event.js';
import { readTimestampMs } from './timestamps.js';

/** How an event came, and what follows from it. */
export type Way = {
  via: Via;
  /** Whether the event's own `integrations` may switch it off: Segment asks them of what it forwards. */
  asksIntegrations: boolean;
  /** Whether an event has to say when it happened, rather than have the time of its receipt. */
  requiresTime: boolean;
};

/** Straight from a client: the receiver is the first to ask `integrations`. */
export const DIRECT: Way = { via: 'tracking', asksIntegrations: true, requiresTime: false };

/** Forwarded by Segment, which has routed the event and corrected its time. */
export const FORWARDED: Way = { via: 'webhook', asksIntegrations: false, requiresTime: false };

/** From an archive: Segment has corrected the time, and archives hold what was routed elsewhere, too. */
export const ARCHIVED: Way = { via: 'webhook', asksIntegrations: true, requiresTime: true };

const WAYS: Record<Via, Way> = { tracking: DIRECT, webhook: FORWARDED };

/** The way of an event that came to the receiver. */
export function wayOf(via: Via): Way {
  return WAYS[via];
}

/** One event as it arrived, before anything was done to it. */
export type Arrival = {
  raw: unknown;
  way: Way;
  /** Epoch milliseconds. */
  receivedAtMs: number;
  /** When its batch was sent, by the client's clock, where the batch said so. */
  sentAt?: unknown;
  /** Left out where no request brought it. */
  request?: RequestRef;
};

/** A source's part in receiving one event. */
export type EventSource = {
  name: string;
  /** Whose clock its events go by; each event's own `context` tells where it is not said. */
  clock?: Clock | undefined;
  /** Takes personal data out of whatever is stored; left out where the source has no such rules. */
  applyPrivacy?: Privacy;
  /** What `integrations` may call this installation; with none they are not asked. */
  integrationNames: readonly string[];
};

/** Bounds beyond which an event is refused. */
export type EventLimits = {
  /** The most JSON one event may be, in bytes; Segment's own limit is 32 KB. */
  eventBytes: number;
  /** How long before and after its receipt an event may have happened, in milliseconds. */
  maxEventAgeMs: number;
  maxEventFutureMs: number;
};

/** Why something that arrived became a dead letter; `unknown_write_key` has no source. */
export type RefusalReason = RejectionReason | 'unknown_write_key';

/** `detail` is for people and shows nothing of what the event holds. */
export type Refusal = { reason: RefusalReason; detail: string };

/** Something that arrived and is no Segment event, as it is stored: a dead letter of the receiver. */
export type RejectedEvent = {
  source: string;
  via: Via;
  /** A `RefusalReason` when it is written. */
  reason: string;
  /** For people; shows nothing of what the event holds. */
  detail: string;
  /** As it arrived, after the source's privacy rules and without write keys. */
  raw: unknown;
  /** ISO 8601. */
  receivedAt: string;
  /** When its batch was sent, ISO 8601 by the client's clock: a later look at it corrects its time as now. */
  sentAt?: string;
  request?: RequestRef;
};

/** How many events of a source were refused for a reason, where more than that is not kept of them. */
export type RefusalCount = { source: string; reason: string; events: number };

/** An event that is no event of Segment was refused; all else is as `Received`. */
export type Decided = Taken | Ignored | { status: 'refused'; refusal: Refusal };

/** What becomes of one event on receipt. */
export type Received = Taken | Ignored | { status: 'rejected'; rejected: RejectedEvent };

type Taken = {
  status: 'taken';
  /** Before the source's privacy rules, and as it is stored. */
  frozen: SegmentEvent;
  event: SegmentEvent;
  /** As of `freezeEvent`. */
  timeFromReceipt: boolean;
};

/** Its own `integrations` switch it off for this installation. */
type Ignored = { status: 'ignored' };

/**
 * Receives one event: refuses what is no event of Segment, fixes identity and time, asks `integrations` where
 * its way says so, and takes personal data out. Equal arguments give equal results.
 */
export function receiveEvent(arrival: Arrival, source: EventSource, limits: EventLimits): Received {
  const decided = decideArrival(arrival, source, limits);
  if (decided.status !== 'refused') return decided;
  return { status: 'rejected', rejected: rejectArrival(arrival, source, decided.refusal) };
}

/** The same without a copy of what is refused, for a receiver that keeps only so many. */
export function decideArrival(arrival: Arrival, source: EventSource, limits: EventLimits): Decided {
  const { raw, way, receivedAtMs, sentAt } = arrival;
  const frozen = freezeEvent(raw, {
    receivedAtMs,
    sentAt,
    via: way.via,
    clock: source.clock,
    maxEventBytes: limits.eventBytes,
    maxAgeMs: limits.maxEventAgeMs,
    maxFutureMs: limits.maxEventFutureMs,
  });
  if (!frozen.ok) return { status: 'refused', refusal: frozen.rejection };
  const { event, timeFromReceipt } = frozen;
  if (way.requiresTime && timeFromReceipt) return { status: 'refused', refusal: NO_TIME };
  if (way.asksIntegrations && isSwitchedOff(event, source)) return { status: 'ignored' };
  return { status: 'taken', frozen: event, event: source.applyPrivacy?.(event) ?? event, timeFromReceipt };
}

const NO_TIME: Refusal = {
  reason: 'invalid_timestamp',
  detail: 'timestamp and receivedAt are missing; when it happened nobody can tell',
};

function isSwitchedOff({ integrations }: SegmentEvent, { integrationNames }: EventSource): boolean {
  return integrationNames.length > 0 && !isEnabled(integrations, integrationNames);
}

/** Writes down what is kept of a refused event, or of a body that holds none. */
export function rejectArrival(
  { raw, way, receivedAtMs, sentAt, request }: Arrival,
  source: Pick<EventSource, 'name' | 'applyPrivacy'>,
  { reason, detail }: Refusal,
): RejectedEvent {
  const sentAtMs = readTimestampMs(sentAt);
  return {
    source: source.name,
    via: way.via,
    reason,
    detail,
    raw: keepRefused(raw, source.applyPrivacy),
    receivedAt: new Date(receivedAtMs).toISOString(),
    sentAt: sentAtMs === null ? undefined : new Date(sentAtMs).toISOString(),
    request,
  };
}
