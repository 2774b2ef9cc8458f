import {
  type DeadLetter,
  type DeadLife,
  reviveDeadLetter,
  type StoredDelivery,
  splitBucket,
} from '@meterbridge/delivery';
import type { RejectedEvent } from '@meterbridge/queue';
import type { SegmentEvent } from '@meterbridge/segment-events';
import type { Route } from '@meterbridge/usage-mapping';
import { isDelivery, type LetterEntry } from '../dead-letters/letter.js';
import { findSource } from '../pipeline/find-source.js';
import { mapOf, type Pipeline } from '../pipeline/pipeline.js';
import { type LetterRoute, type NoRoute, routeLetter } from '../pipeline/route-letter.js';

/** Why a letter cannot go anywhere, whatever is asked for: it stays where it is. */
export type Stay = NoRoute['why'] | 'taken by no rule' | 'sent under rules that are not kept';

/** What a letter becomes in one destination. No deliveries: no rule of it takes the event. */
export type Move = { destination: string; deliveries: StoredDelivery[] };

/** What becomes of a letter that is replayed with the configuration of now. */
export type Verdict =
  | {
      will: 'go';
      moves: Move[];
      /** The name of the source whose its event is, of the receiver's letters: that of the letter, or one named for it. */
      source?: string;
      /** Its time depends on its receipt: the first one ever stored is the one that holds. */
      timed?: SegmentEvent;
    }
  /** `why` names path and expectation, or what was found, and never a value. */
  | { will: 'fail'; moves: Move[]; why: string }
  | { will: 'stay'; why: Stay; detail?: string };

/** @param replayId is told in the letter's history */
export type JudgeLetter = (entry: LetterEntry, replayId: string) => Verdict;

/**
 * Pure: the same letter and configuration, the same verdict.
 * @param remapSent maps anew what may have arrived, which else goes as it was: only by somebody's word, letter by letter
 * @param asSource the name of the source whose events those of an unknown write key are, by somebody's word
 * @throws OperationError (`unknown_source`)
 */
export function compileJudge(
  pipeline: Pipeline,
  { remapSent = false, asSource }: { remapSent?: boolean; asSource?: string } = {},
): JudgeLetter {
  const vouching = asSource === undefined ? undefined : findSource(pipeline.config, asSource);
  return (entry, replayId) => {
    const routed = routeLetter(remapSent ? withoutRules(entry) : entry, pipeline, vouching);
    if (!routed.isRouted) {
      const { why, rejection } = routed;
      return {
        will: 'stay',
        why,
        detail: rejection && `${rejection.reason}: ${rejection.detail}`,
      };
    }
    const { letter } = routed;
    return isDelivery(letter)
      ? judgeDelivery(entry, letter, routed.routes[0]!, replayId, remapSent ? rulesOf(entry) : undefined)
      : judgeRejection(entry, letter, routed, replayId);
  };

  function judgeDelivery(
    { at }: LetterEntry,
    letter: DeadLetter,
    { destination, rules }: Route,
    replayId: string,
    remapped: string | undefined,
  ): Verdict {
    if (rules.length === 0) return { will: 'stay', why: 'taken by no rule' };
    const map = mapOf(pipeline, destination, letter.sentUnder);
    if (!map) return { will: 'stay', why: 'sent under rules that are not kept' };
    const delivery = reviveDeadLetter(letter, at);
    Object.assign(delivery.history!.at(-1)!, { replay: replayId }, { remapped });
    const deliveries = rules.map((rule) => ({ ...delivery, rule }));
    const moves = [{ destination, deliveries }];
    // A worker died of it: mapping it may be what kills.
    if (letter.reason === 'poison') return { will: 'go', moves };
    for (const { rule, event } of deliveries) {
      const mapped = map(rule, event);
      if (!mapped.ok) return { will: 'fail', moves, why: `${mapped.code}: ${mapped.failure.detail}` };
    }
    return { will: 'go', moves };
  }
}

/** The version that it may have arrived under. A letter that cannot be read has none. */
export function rulesOf(entry: LetterEntry): string | undefined {
  try {
    return isDelivery(entry.letter) ? entry.letter.sentUnder : undefined;
  } catch {
    return undefined;
  }
}

function withoutRules(entry: LetterEntry): LetterEntry {
  if (rulesOf(entry) === undefined) return entry;
  const { sentUnder: _none, ...letter } = entry.letter as DeadLetter;
  return { ...entry, letter };
}

/** The step that puts it back counts it in the hour of then (`Batch.addStep`). */
function judgeRejection(
  { at, bucket }: LetterEntry,
  { reason, detail, request }: RejectedEvent,
  { source, event, routes, timeFromReceipt }: Extract<LetterRoute, { isRouted: true }>,
  replayId: string,
): Verdict {
  const life: DeadLife = { reason, detail, attempts: 0, at, replay: replayId };
  const { hour } = splitBucket(bucket);
  const moves = routes.map(({ destination, rules }) => ({
    destination,
    deliveries: rules.map((rule) => ({ rule, source, event, hour, request, history: [life] })),
  }));
  return { will: 'go', moves, source, timed: timeFromReceipt ? event : undefined };
}
