import { compileJudge } from '../archive/judge-line.js';
import type { Line } from '../archive/read-lines.js';
import {
  destinationOf,
  detailOf,
  isDelivery,
  type Letter,
  type LetterEntry,
  ruleOf,
} from '../dead-letters/letter.js';
import { findSource } from '../pipeline/find-source.js';
import {
  type Deliveries,
  type DeliveryResult,
  deliver,
  deliverTo,
  type Pipeline,
} from '../pipeline/pipeline.js';
import { type NoRoute, routeLetter } from '../pipeline/route-letter.js';

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
      if (found.is === 'rejected') return { judged: rejected(found.rejected) };
      if (found.is !== 'taken') return { judged: taken([]) };
      const { event } = found;
      return { messageId: event.messageId, judged: taken(deliver(event, source.name, pipeline)) };
    });
}

/** A dead letter as a replay takes it: under its own rule, while there is one; else routed anew. */
export function judgeLetter(entry: LetterEntry, pipeline: Pipeline): Judged {
  const routed = routeLetter(entry, pipeline);
  if (!routed.isRouted) return judgeUnrouted(entry, routed);
  const { letter, event, routes } = routed;
  if (letter.reason === 'poison') return onlyFailing(entry, POISON);
  const known = isDelivery(letter) ? letter : {};
  return taken(routes.map((route) => deliverTo(route, event, pipeline, known)));
}

function judgeUnrouted(entry: LetterEntry, { why, rejection }: NoRoute): Judged {
  if (why === 'cannot be read') return rejected(UNREADABLE);
  if (why === 'written by a newer version') return rejected(NEWER);
  if (why === 'switched off by its integrations') return taken([]);
  if (why === 'of a destination that is not configured') {
    const detail = `${destinationOf(entry)} is not configured`;
    return onlyFailing(entry, { reason: 'not_configured', detail });
  }
  return rejected(rejection ?? deathOf(entry.letter));
}

/** How a dead letter died, where its mapping is to blame; else what the configuration makes of it, which it died with. */
export function judgeDeath(entry: LetterEntry, pipeline: Pipeline): Judged {
  if (entry.newer !== undefined) return rejected(NEWER);
  let letter: Letter;
  try {
    letter = entry.letter;
  } catch {
    return rejected(UNREADABLE);
  }
  const died = deathOf(letter);
  if (!isDelivery(letter)) return rejected(died);
  const isOfMapping = letter.reason === 'unmapped' || letter.reason === 'unknown_rule';
  return isOfMapping ? onlyFailing(entry, died) : judgeLetter(entry, pipeline);
}

const UNREADABLE = { reason: 'unreadable', detail: 'the dead letter is damaged' };
const NEWER = { reason: 'newer_version', detail: 'the dead letter was written by a newer version' };
/** Mapping it may be what kills. */
const POISON = { reason: 'poison', detail: 'a worker died of it: it is not tried here' };

function taken(deliveries: readonly Deliveries[]): Judged {
  return { status: 'taken', sides: new Map(deliveries.map((each) => [each.destination, each.deliveries])) };
}

function rejected(why: Why): Judged {
  return { status: 'rejected', failed: failedOf(why) };
}

function onlyFailing(entry: LetterEntry, why: Why): Judged {
  const side = { rule: ruleOf(entry.letter), result: failedOf(why) };
  return { status: 'taken', sides: new Map([[destinationOf(entry), [side]]]) };
}

function deathOf(letter: Letter): Why {
  return { reason: letter.reason, detail: detailOf(letter) };
}

type Why = { reason: string; detail: string };

function failedOf({ reason, detail }: Why): Failed {
  return { ok: false, code: reason, detail };
}
