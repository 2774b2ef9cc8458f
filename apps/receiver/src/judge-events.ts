import type { Source } from '@meterbridge/config';
import {
  type Arrival,
  type EventLimits,
  type RejectedEvent,
  receiveEvent,
  rejectArrival,
} from '@meterbridge/segment-events';
import type { ReceivedEvent } from './ports.js';
import type { Attribution } from './sources/attribute-events.js';

/** What becomes of one event, as its sender is told. */
export type EventResult =
  | { status: 'accepted' }
  /** By its own `integrations`. */
  | { status: 'ignored' }
  | { status: 'rejected'; reason: string; message: string };

export type Judgement = {
  received: ReceivedEvent[];
  rejected: RejectedEvent[];
  /** Sources of the events that are switched off, one each. */
  ignored: string[];
  /** In the order of the events. */
  results: EventResult[];
};

const UNKNOWN_KEY = {
  reason: 'unknown_write_key',
  detail: 'writeKey is not one of this installation',
} as const;

/**
 * Decides for each event of a request whether it is taken, refused or not meant for this installation,
 * and takes personal data out of all that will be stored. No event's fate depends on its neighbours.
 */
export function judgeEvents(
  events: readonly unknown[],
  { sources, sender }: Attribution,
  { way, receivedAtMs, sentAt }: Omit<Arrival, 'raw'>,
  limits: EventLimits,
): Judgement {
  const judgement: Judgement = { received: [], rejected: [], ignored: [], results: [] };
  for (const [index, raw] of events.entries()) {
    const source = sources[index];
    // Written out, not spread: this runs for every event.
    const arrival = { raw, way, receivedAtMs, sentAt };
    if (source) judgeEvent(judgement, arrival, source, limits);
    else reject(judgement, rejectArrival(arrival, sender, UNKNOWN_KEY));
  }
  return judgement;
}

function judgeEvent(judgement: Judgement, arrival: Arrival, source: Source, limits: EventLimits): void {
  const received = receiveEvent(arrival, source, limits);
  if (received.status === 'rejected') {
    reject(judgement, received.rejected);
  } else if (received.status === 'ignored') {
    judgement.ignored.push(source.name);
    judgement.results.push({ status: 'ignored' });
  } else {
    const { event, timeFromReceipt } = received;
    judgement.received.push({ source: source.name, via: arrival.way.via, event, timeFromReceipt });
    judgement.results.push({ status: 'accepted' });
  }
}

function reject(judgement: Judgement, rejected: RejectedEvent): void {
  const { reason, detail } = rejected;
  judgement.rejected.push(rejected);
  judgement.results.push({ status: 'rejected', reason, message: detail });
}
