import type { Config } from '@meterbridge/config';
import {
  ARCHIVED,
  type Arrival,
  type BodyReading,
  type EventLimits,
  type EventSource,
  isJsonObject,
  type Received,
  type Refusal,
  type RefusedPeople,
  type RejectedEvent,
  readBody,
  readTimestampMs,
  receiveEvent,
  rejectArrival,
  type SegmentEvent,
} from '@meterbridge/segment-events';
import type { Line } from './read-lines.js';

/** Which events of an archive are wanted; what is left out lets all through. */
export type Selection = {
  /** Of the event's own time, epoch milliseconds. */
  since?: number;
  /** The first moment that counts no more. */
  until?: number;
  /** A filter over the event as rules see it, without personal data. */
  where?: (event: SegmentEvent) => boolean;
  /** People whose events are not taken, whatever else is wanted. */
  refused?: RefusedPeople | null;
};

/** What becomes of one event of a line. */
export type Judged =
  | { is: 'taken'; event: SegmentEvent }
  | { is: 'out of time' }
  | { is: 'not selected' }
  /** Its own `integrations` switch it off here. */
  | { is: 'ignored' }
  /** Of a person whose later events are refused. */
  | { is: 'person refused' }
  | { is: 'rejected'; rejected: RejectedEvent };

export type JudgeLine = (line: Line, place: string) => Judged[];

/**
 * Makes the receiver's judgement for archived events. Pure: the same line gives the same events each time, so that
 * an archive that is read twice bills nothing twice.
 *
 * What an archive holds has been through Segment: its time is corrected, and it is judged as of the moment at which
 * it was received then, so that history is never too old. An event that says no time has no place in an archive.
 * @param now epoch milliseconds: when what is no event at all is said to have come
 */
export function compileJudge(
  source: EventSource,
  limits: EventLimits & Pick<Config['receiver'], 'inflatedBytes'>,
  { since = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY, where, refused }: Selection,
  now: () => number,
): JudgeLine {
  return (line, place) => {
    if (typeof line !== 'string') return [unreadable(line, place)];
    if (line.trim() === '') return [];
    // A line is bounded in bytes, and so is what is in it.
    const bounds = { events: Number.POSITIVE_INFINITY, sharedBytes: limits.inflatedBytes };
    const reading = readBody(line, bounds);
    if (reading.ok) return reading.body.events.map((raw) => judge(raw, place));
    if (refused?.isIn(line)) return [{ is: 'person refused' }];
    return [reject(line, refusalOf(reading), place)];
  };

  function judge(raw: unknown, place: string): Judged {
    const at = timeOf(raw);
    if (at !== null && (at < since || at >= until)) return { is: 'out of time' };
    const received = receiveEvent(arrivalAt(receiptOf(raw) ?? now(), raw), source, limits);
    if (received.status === 'ignored') return { is: 'ignored' };
    if (isOfRefused(received, raw)) return { is: 'person refused' };
    if (received.status === 'taken') {
      return isWanted(received.event) ? { is: 'taken', event: received.event } : { is: 'not selected' };
    }
    const { rejected } = received;
    return isWanted(rejected.raw) ? rejectedAt(place, rejected) : { is: 'not selected' };
  }

  function isOfRefused(received: Received, raw: unknown): boolean {
    if (!refused || received.status === 'ignored') return false;
    if (received.status === 'rejected') return refused.isIn(raw);
    return refused.isOf(received.frozen) || refused.isOf(received.event);
  }

  function isWanted(event: unknown): boolean {
    return !where || !isJsonObject(event) || where(event as SegmentEvent);
  }

  function unreadable({ problem, bytes }: Exclude<Line, string>, place: string): Judged {
    const raw = `[a line of ${bytes} bytes]`;
    return problem === 'too long'
      ? reject(raw, { reason: 'too_large', detail: `the line has ${bytes} bytes` }, place)
      : reject(raw, { reason: 'invalid_json', detail: 'the line is not UTF-8, which JSON is' }, place);
  }

  /** A line that holds no event at all. */
  function reject(raw: string, refusal: Refusal, place: string): Judged {
    return rejectedAt(place, rejectArrival(arrivalAt(now(), raw), source, refusal));
  }
}

function refusalOf({ code, problem }: BodyReading & { ok: false }): Refusal {
  return code === 'invalid_json'
    ? { reason: code, detail: 'the line is not JSON' }
    : { reason: 'too_large', detail: problem };
}

function arrivalAt(receivedAtMs: number, raw: unknown): Arrival {
  return { raw, way: ARCHIVED, receivedAtMs };
}

function rejectedAt(place: string, rejected: RejectedEvent): Judged {
  return { is: 'rejected', rejected: { ...rejected, detail: `${rejected.detail} (${place})` } };
}

/** The event's own time, as far as it can be read: Segment has corrected it. */
function timeOf(raw: unknown): number | null {
  return isJsonObject(raw) ? readTimestampMs(raw.timestamp ?? raw.originalTimestamp ?? raw.receivedAt) : null;
}

/** When Segment received it; of what is no archive of Segment's, when it happened. */
function receiptOf(raw: unknown): number | null {
  return isJsonObject(raw) ? (readTimestampMs(raw.receivedAt) ?? timeOf(raw)) : null;
}
