import type { Config, Source } from '@meterbridge/config';
import type { RejectedEvent } from '@meterbridge/queue';
import {
  freezeEvent,
  isEnabled,
  isJsonObject,
  keepRefused,
  readBody,
  readTimestampMs,
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
};

/** What becomes of one event of a line. */
export type Judged =
  | { is: 'taken'; event: SegmentEvent }
  | { is: 'out of time' }
  | { is: 'not selected' }
  /** Its own `integrations` switch it off here. */
  | { is: 'ignored' }
  | { is: 'rejected'; rejected: RejectedEvent };

type Rejection = Extract<Judged, { is: 'rejected' }>;

export type JudgeLine = (line: Line, place: string) => Judged[];

/** More in a line is no archive's. */
const MOST_EVENTS = 10_000;

/**
 * Makes the receiver's judgement for archived events. Pure: the same line gives the same events each time, so that
 * an archive that is read twice bills nothing twice.
 *
 * What an archive holds has been through Segment: its time is corrected, and it is judged as of the moment at which
 * it was received then, so that history is never too old. An event that says no time has no place in an archive.
 * @param now epoch milliseconds: when what is no event at all is said to have come
 */
export function compileJudge(
  source: Pick<Source, 'name' | 'applyPrivacy' | 'integrationNames'>,
  limits: Config['receiver'],
  { since = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY, where }: Selection,
  now: () => number,
): JudgeLine {
  return (line, place) => {
    if (typeof line !== 'string') return [unreadable(line, place)];
    if (line.trim() === '') return [];
    const reading = readBody(line, { events: MOST_EVENTS, sharedBytes: limits.inflatedBytes });
    if (reading.ok) return reading.body.events.map((raw) => judge(raw, place));
    return [reject(line, 'invalid_json', 'the line is not JSON', place, now())];
  };

  function judge(raw: unknown, place: string): Judged {
    const at = timeOf(raw);
    if (at !== null && (at < since || at >= until)) return { is: 'out of time' };
    const receivedAtMs = receiptOf(raw) ?? now();
    const frozen = freezeEvent(raw, {
      receivedAtMs,
      via: 'webhook',
      maxEventBytes: limits.eventBytes,
      maxAgeMs: limits.maxEventAgeMs,
      maxFutureMs: limits.maxEventFutureMs,
    });
    if (!frozen.ok) {
      const { reason, detail } = frozen.rejection;
      const judged = reject(raw, reason, detail, place, receivedAtMs);
      return isWanted(judged.rejected.raw) ? judged : { is: 'not selected' };
    }
    if (frozen.timeFromReceipt) {
      const detail = 'timestamp and receivedAt are missing; when it happened nobody can tell';
      return reject(raw, 'invalid_timestamp', detail, place, receivedAtMs);
    }
    const names = source.integrationNames;
    if (names.length > 0 && !isEnabled(frozen.event.integrations, names)) return { is: 'ignored' };
    const event = source.applyPrivacy?.(frozen.event) ?? frozen.event;
    return isWanted(event) ? { is: 'taken', event } : { is: 'not selected' };
  }

  function isWanted(event: unknown): boolean {
    return !where || !isJsonObject(event) || where(event as SegmentEvent);
  }

  function unreadable({ problem, bytes }: Exclude<Line, string>, place: string): Judged {
    const raw = `[a line of ${bytes} bytes]`;
    return problem === 'too long'
      ? reject(raw, 'too_large', `the line has ${bytes} bytes`, place, now())
      : reject(raw, 'invalid_json', 'the line is not UTF-8, which JSON is', place, now());
  }

  function reject(
    raw: unknown,
    reason: string,
    detail: string,
    place: string,
    receivedAtMs: number,
  ): Rejection {
    const rejected: RejectedEvent = {
      source: source.name,
      via: 'webhook',
      reason,
      detail: `${detail} (${place})`,
      raw: keepRefused(raw, source.applyPrivacy),
      receivedAt: new Date(receivedAtMs).toISOString(),
    };
    return { is: 'rejected', rejected };
  }
}

/** The event's own time, as far as it can be read: Segment has corrected it. */
function timeOf(raw: unknown): number | null {
  return isJsonObject(raw) ? readTimestampMs(raw.timestamp ?? raw.originalTimestamp ?? raw.receivedAt) : null;
}

/** When Segment received it; of what is no archive of Segment's, when it happened. */
function receiptOf(raw: unknown): number | null {
  return isJsonObject(raw) ? (readTimestampMs(raw.receivedAt) ?? timeOf(raw)) : null;
}
