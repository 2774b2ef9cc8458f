import type { Config } from '@meterbridge/config';
import {
  type DeadLetter,
  type DeadLife,
  reviveDeadLetter,
  type StoredDelivery,
  type UsageEvent,
} from '@meterbridge/delivery';
import { compileDestination, type Destination } from '@meterbridge/destinations';
import type { RejectedEvent } from '@meterbridge/queue';
import { freezeEvent, isEnabled, type SegmentEvent } from '@meterbridge/segment-events';
import { destinationOf, isDelivery, type LetterEntry } from '../dead-letters/letter.js';

/** Why a letter cannot go anywhere, whatever is asked for: it stays where it is. */
export type Stay =
  | 'taken by no rule'
  | 'of a destination that is not configured'
  | 'of an unknown write key'
  | 'switched off by its integrations'
  | 'still no Segment event'
  | 'cannot be read';

/** What a letter becomes in one destination. No deliveries: no rule of it takes the event. */
export type Move = { destination: string; deliveries: StoredDelivery[] };

/** What becomes of a letter that is replayed with the configuration of now. */
export type Verdict =
  | {
      will: 'go';
      moves: Move[];
      /** What would be sent, as far as it was looked at. */
      usages: { destination: string; usage: UsageEvent }[];
      /** Its time depends on its receipt: the first one ever stored is the one that holds. */
      timed?: SegmentEvent;
    }
  /** `why` names path and expectation, or what was found, and never a value. */
  | { will: 'fail'; moves: Move[]; why: string }
  | { will: 'stay'; why: Stay; detail?: string };

/** @param replayId is told in the letter's history */
export type JudgeLetter = (entry: LetterEntry, replayId: string) => Verdict;

/** Pure: the same letter and configuration, the same verdict. */
export function compileJudge(
  config: Pick<Config, 'destinations' | 'sources' | 'route' | 'receiver'>,
): JudgeLetter {
  const destinations = new Map(
    config.destinations.map((settings) => [settings.name, compileDestination(settings)]),
  );
  const rules = new Map(
    config.destinations.map((settings) => [settings.name, new Set(settings.rules.map(({ name }) => name))]),
  );

  return (entry, replayId) => {
    let letter: LetterEntry['letter'];
    try {
      letter = entry.letter;
    } catch {
      return { will: 'stay', why: 'cannot be read' };
    }
    if (!isDelivery(letter)) return judgeRejection(entry, letter, replayId);
    const destination = destinations.get(destinationOf(entry));
    if (!destination) return { will: 'stay', why: 'of a destination that is not configured' };
    return judgeDelivery(destination, entry, letter, replayId);
  };

  /** One whose rule is gone is routed anew. */
  function judgeDelivery(
    destination: Destination,
    { at }: LetterEntry,
    letter: DeadLetter,
    replayId: string,
  ): Verdict {
    const { name } = destination;
    const takers = rules.get(name)!.has(letter.rule)
      ? [letter.rule]
      : config.route(letter.event, letter.source).find((route) => route.destination === name)!.rules;
    if (takers.length === 0) return { will: 'stay', why: 'taken by no rule' };
    const delivery = reviveDeadLetter(letter, at);
    delivery.history!.at(-1)!.replay = replayId;
    const deliveries = takers.map((rule) => ({ ...delivery, rule }));
    const moves = [{ destination: name, deliveries }];
    // A worker died of it: mapping it may be what kills.
    if (letter.reason === 'poison') return { will: 'go', moves, usages: [] };
    const usages: UsageEvent[] = [];
    for (const { rule, event } of deliveries) {
      const mapped = destination.map(rule, event);
      if (!mapped.ok) return { will: 'fail', moves, why: `${mapped.code}: ${mapped.failure.detail}` };
      // Its subscription is asked for when it is sent: what it will be is not known before.
      if (mapped.usage) usages.push(mapped.usage);
    }
    return { will: 'go', moves, usages: usages.map((usage) => ({ destination: name, usage })) };
  }

  /**
   * Judged with the limits of now, as if it had just come at the time it came. Its privacy was applied before
   * it was stored. Nobody has vouched for one with an unknown write key.
   */
  function judgeRejection({ at }: LetterEntry, letter: RejectedEvent, replayId: string): Verdict {
    const { source, reason, detail, via = 'tracking' } = letter;
    if (reason === 'unknown_write_key') return { will: 'stay', why: 'of an unknown write key' };
    const frozen = freezeEvent(letter.raw, {
      receivedAtMs: Date.parse(letter.receivedAt),
      sentAt: letter.sentAt,
      via,
      maxEventBytes: config.receiver.eventBytes,
      maxAgeMs: config.receiver.maxEventAgeMs,
      maxFutureMs: config.receiver.maxEventFutureMs,
    });
    if (!frozen.ok) {
      const { reason: why, detail: found } = frozen.rejection;
      return { will: 'stay', why: 'still no Segment event', detail: `${why}: ${found}` };
    }
    const { event, timeFromReceipt } = frozen;
    const names = config.sources.find(({ name }) => name === source)?.integrationNames ?? [];
    if (via === 'tracking' && names.length > 0 && !isEnabled(event.integrations, names)) {
      return { will: 'stay', why: 'switched off by its integrations' };
    }
    const life: DeadLife = { reason, detail, attempts: 0, at, replay: replayId };
    const moves = config.route(event, source).map((route) => ({
      destination: route.destination,
      deliveries: route.rules.map((rule) => ({ rule, source, event, history: [life] })),
    }));
    return { will: 'go', moves, usages: [], ...(timeFromReceipt ? { timed: event } : {}) };
  }
}
