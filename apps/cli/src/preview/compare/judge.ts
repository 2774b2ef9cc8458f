import type { RejectedEvent } from '@meterbridge/queue';
import type { SegmentEvent } from '@meterbridge/segment-events';
import { compileJudge } from '../../archive/judge-line.js';
import type { Line } from '../../archive/read-lines.js';
import { destinationOf, isDelivery, type Letter, type LetterEntry } from '../../dead-letters/letter.js';
import { findSource } from '../../pipeline/find-source.js';
import {
  type DeliveryResult,
  deliver,
  mapDelivery,
  type Pipeline,
  receiveEvent,
} from '../../pipeline/pipeline.js';
import { rejectedArrival } from '../../pipeline/rejected-arrival.js';

/** What one rule makes of an event. */
export type Side = { rule: string; result: DeliveryResult | Failed };

/** A delivery that ends, for a reason of its mapping's or of any other's. */
export type Failed = { ok: false; code: string; detail: string };

/** What one configuration makes of an event. */
export type Judged =
  /** By destination; none: filtered there. */
  { status: 'taken'; sides: Map<string, Side[]> } | { status: 'rejected'; failed: Failed };

/** What becomes of each event of an archived line, and its own id, where it has one. */
export type JudgeArchived = (line: Line, place: string) => { messageId?: string; judged: Judged }[];

/** Judges archived events as a backfill does. @param sourceName the first where left out */
export function compileArchiveJudge(pipeline: Pipeline, sourceName: string | undefined): JudgeArchived {
  const source = findSource(pipeline.config, sourceName);
  const judgeLine = compileJudge(source, pipeline.config.receiver, {}, Date.now);
  return (line, place) =>
    judgeLine(line, place).map((found) => {
      if (found.is === 'rejected') {
        const { reason, detail } = found.rejected;
        return { judged: { status: 'rejected', failed: failedOf({ reason, detail }) } };
      }
      if (found.is !== 'taken') return { judged: { status: 'taken', sides: new Map() } };
      const { event } = found;
      const sides = sidesOf(event, source.name, pipeline);
      return { messageId: event.messageId, judged: { status: 'taken', sides } };
    });
}

/** A dead letter as a replay takes it: under its own rule, while there is one; else routed anew. */
export function judgeLetter(entry: LetterEntry, pipeline: Pipeline): Judged {
  const letter = read(entry);
  if (!letter) return { status: 'rejected', failed: failedOf(UNREADABLE) };
  if (!isDelivery(letter)) return judgeRejected(letter, pipeline);
  const destination = destinationOf(entry);
  const { event, source, rule, reason, resolved } = letter;
  if (reason === 'poison') return only(destination, [{ rule, result: failedOf(POISON) }]);
  const settings = pipeline.config.destinations.find(({ name }) => name === destination);
  if (!settings) {
    return only(destination, [
      { rule, result: failedOf({ reason: 'not_configured', detail: `${destination} is not configured` }) },
    ]);
  }
  if (settings.rules.some(({ name }) => name === rule)) {
    return only(destination, [{ rule, result: mapDelivery(pipeline, destination, rule, event, resolved) }]);
  }
  return only(destination, sidesOf(event, source, pipeline).get(destination)!);
}

function judgeRejected(letter: RejectedEvent, pipeline: Pipeline): Judged {
  const rejected = rejectedArrival(letter, pipeline.config);
  if (!rejected) return { status: 'rejected', failed: failedOf(letter) };
  const received = receiveEvent(rejected.arrival, rejected.source, pipeline.config.receiver);
  if (received.status === 'rejected') return { status: 'rejected', failed: failedOf(received) };
  if (received.status === 'ignored') return { status: 'taken', sides: new Map() };
  return { status: 'taken', sides: sidesOf(received.event, letter.source, pipeline) };
}

/** How a dead letter died, where its mapping is to blame; else what the configuration makes of it, which it died with. */
export function judgeDeath(entry: LetterEntry, pipeline: Pipeline): Judged {
  const letter = read(entry);
  if (!letter) return { status: 'rejected', failed: failedOf(UNREADABLE) };
  if (!isDelivery(letter)) return { status: 'rejected', failed: failedOf(letter) };
  const { reason } = letter;
  if (reason !== 'unmapped' && reason !== 'unknown_rule') return judgeLetter(entry, pipeline);
  const detail = letter.tries.lastDetail ?? '';
  return only(destinationOf(entry), [{ rule: letter.rule, result: failedOf({ reason, detail }) }]);
}

/** The letter, unless it is damaged. */
function read(entry: LetterEntry): Letter | undefined {
  try {
    return entry.letter;
  } catch {
    return undefined;
  }
}

const UNREADABLE = { reason: 'unreadable', detail: 'the dead letter is damaged' };
/** Mapping it may be what kills. */
const POISON = { reason: 'poison', detail: 'a worker died of it: it is not tried here' };

function only(destination: string, sides: Side[]): Judged {
  return { status: 'taken', sides: new Map([[destination, sides]]) };
}

function sidesOf(event: SegmentEvent, source: string, pipeline: Pipeline): Map<string, Side[]> {
  return new Map(
    deliver(event, source, pipeline).map(({ destination, deliveries }) => [destination, deliveries]),
  );
}

function failedOf({ reason, detail }: { reason: string; detail: string }): Failed {
  return { ok: false, code: reason, detail };
}
