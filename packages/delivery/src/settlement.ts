import { type BucketCounts, countInBucket } from './bucket.js';
import { nextStep, type RetryPolicy, type Tries } from './next-step.js';
import { type LateUsage, mayHaveArrived, NEVER_SENT, type Outcome, type PermanentCode } from './outcome.js';
import { type ReplayedDuplicates, replayedDuplicates } from './replayed-duplicates.js';
import type { DeadLife, Edit, StoredDelivery } from './stored-delivery.js';

/** A delivery that ends here, and why. */
export type DeadLetter = StoredDelivery & {
  reason: PermanentCode;
  tries: Tries;
  /** What it was mapped to when it died; absent where it was not. */
  usage?: KeptUsage;
  /** What the API held under its id when it died; only where that was compared with it. */
  held?: KeptUsage;
};

/**
 * A usage event's JSON. What was sent is kept whole, since it may be on a bill; of what an API holds, a long one is cut.
 * @property characters of the whole
 */
export type KeptUsage = { body: string; characters: number };

/**
 * How a delivery ended that needs nothing more: taken by its API as new; taken, and `late` for the bill of its time;
 * there before (`duplicate`), or there as an `older_rule` wrote it, or there as nobody could compare it
 * (`not_compared`).
 */
export type SettledOutcome = 'delivered' | 'late' | 'duplicate' | 'older_rule' | 'not_compared';

/** So many deliveries in a row that ended the same way. */
export type OutcomeRun = [outcome: SettledOutcome, deliveries: number];

/** The deliveries that one settlement ends for good, dead letters not among them. */
export type Ended = {
  /** In order; `all`: these are all that the job held. */
  deliveries: 'all' | StoredDelivery[];
  outcomes: OutcomeRun[];
};

/** What one attempt at a batch job comes to; counted in deliveries. */
export type Settlement = {
  delivered: number;
  duplicate: number;
  /** Of the duplicates: those for which the API holds what an earlier version of their rule wrote. */
  olderRule: number;
  /** Of the duplicates: those that nobody could compare with what the API holds. */
  notCompared: number;
  /** Of the delivered: those that the destination may never bill, since the time they are of was billed before. */
  late: number;
  /** Each of the late ones. */
  lateUsage: LateUsage[];
  /** The same by bucket; the others know their own. */
  byBucket: Record<CountedOnce, BucketCounts>;
  ended: Ended;
  dead: DeadLetter[];
  /** What is not done: written back before the job is delayed. */
  remainder: StoredDelivery[];
  /** Until the first of the remainder is tried again; 0 for at once. */
  delayMs: number;
  /** Of the duplicates: those that a replay has put back; absent where there are none. */
  replayed?: ReplayedDuplicates;
};

/** What a settlement counts of deliveries of which nothing is kept. */
export type CountedOnce = 'delivered' | 'late' | 'duplicate' | 'olderRule' | 'notCompared';

/** The settlement of nothing. */
export function emptySettlement(): Settlement {
  return {
    delivered: 0,
    late: 0,
    lateUsage: [],
    duplicate: 0,
    olderRule: 0,
    notCompared: 0,
    byBucket: { delivered: {}, late: {}, duplicate: {}, olderRule: {}, notCompared: {} },
    ended: { deliveries: [], outcomes: [] },
    dead: [],
    remainder: [],
    delayMs: 0,
  };
}

/**
 * Adds up the outcomes of a batch's deliveries. Pure. `outcomes[i]` belongs to `deliveries[i]`; deliveries
 * beyond the outcomes were not tried and remain.
 * @param rules the version of the rules that what was never sent before was mapped by
 */
export function settleBatch(
  deliveries: StoredDelivery[],
  outcomes: Outcome[],
  policy: RetryPolicy,
  now: number,
  random: () => number,
  rules?: string,
): Settlement {
  const settlement = emptySettlement();
  const ended: StoredDelivery[] = [];
  /** Until what failed is tried again: what failed together is sent together, so the longest counts. */
  let retryMs: number | undefined;
  /** The same for each that has a time of its own. */
  const ownMs: number[] = [];
  for (const [index, delivery] of deliveries.entries()) {
    const outcome = outcomes[index];
    if (!outcome) {
      settlement.remainder.push(delivery);
      continue;
    }
    const next = nextStep(outcome, delivery.tries, policy, now, random());
    switch (next.step) {
      case 'complete': {
        // What this very delivery may have brought there before is no repeat of its sender.
        const as = delivery.sentUnder === undefined ? next.as : 'delivered';
        if (outcome.outcome === 'delivered' && outcome.late) settlement.lateUsage.push(outcome.late);
        for (const count of as === 'duplicate' ? countsOfDuplicate(outcome) : countsOfDelivered(outcome)) {
          settlement[count] += 1;
          countInBucket(settlement.byBucket[count], delivery);
        }
        ended.push(delivery);
        addToRuns(settlement.ended.outcomes, settledOutcome(outcome, as));
        break;
      }
      case 'dead-letter':
        settlement.dead.push({
          ...sayWhatWasSent(delivery, outcome, rules),
          reason: next.reason,
          tries: next.tries,
          usage: next.usage === undefined ? undefined : keepUsage(next.usage),
          held:
            outcome.outcome === 'failed' && outcome.held !== undefined ? keepHeld(outcome.held) : undefined,
        });
        break;
      case 'retry':
        settlement.remainder.push({ ...sayWhatWasSent(delivery, outcome, rules), tries: next.tries });
        if (next.tries.suspect) ownMs.push(next.delayMs);
        else retryMs = Math.max(retryMs ?? 0, next.delayMs);
        break;
      case 'return':
        if (next.delayMs !== undefined) ownMs.push(next.delayMs);
        settlement.remainder.push(delivery);
        break;
    }
  }
  if (retryMs !== undefined) ownMs.push(retryMs);
  if (ownMs.length > 0) settlement.delayMs = ownMs.reduce((least, each) => Math.min(least, each));
  settlement.ended.deliveries = ended.length === deliveries.length ? 'all' : ended;
  const replayed = replayedDuplicates(deliveries, outcomes);
  return replayed ? { ...settlement, replayed } : settlement;
}

/** What an API answers has no limit of ours; an event has this one by Segment's own. */
const MAX_HELD_CHARACTERS = 32_768;

function keepHeld(body: string): KeptUsage {
  return { body: body.slice(0, MAX_HELD_CHARACTERS), characters: body.length };
}

/** What an API calls a duplicate had arrived before, perhaps in time: only what it takes as new can be late. */
function countsOfDelivered(outcome: Outcome): CountedOnce[] {
  return outcome.outcome === 'delivered' && outcome.late ? ['delivered', 'late'] : ['delivered'];
}

function settledOutcome(outcome: Outcome, as: 'delivered' | 'duplicate'): SettledOutcome {
  if (as === 'duplicate') return (outcome.outcome === 'duplicate' && outcome.found) || 'duplicate';
  return outcome.outcome === 'delivered' && outcome.late ? 'late' : 'delivered';
}

function addToRuns(runs: OutcomeRun[], outcome: SettledOutcome): void {
  const last = runs.at(-1);
  if (last?.[0] === outcome) last[1] += 1;
  else runs.push([outcome, 1]);
}

/** A duplicate, and what kind of one. */
function countsOfDuplicate(outcome: Outcome): CountedOnce[] {
  const found = outcome.outcome === 'duplicate' ? outcome.found : undefined;
  if (found === undefined) return ['duplicate'];
  return ['duplicate', found === 'older_rule' ? 'olderRule' : 'notCompared'];
}

/**
 * The delivery, which says under which rules it may have arrived. One that is in doubt, since a worker was killed, is
 * so no more where those rules make nothing of it: then a mended rule may.
 */
function sayWhatWasSent(
  { sentUnder, ...delivery }: StoredDelivery,
  outcome: Outcome,
  rules: string | undefined,
): StoredDelivery {
  if (outcome.outcome === 'failed' && NEVER_SENT.has(outcome.code)) return delivery;
  const version = sentUnder ?? (mayHaveArrived(outcome) ? rules : undefined);
  return version === undefined ? delivery : { ...delivery, sentUnder: version };
}

function keepUsage(body: string): KeptUsage {
  return { body, characters: body.length };
}

/**
 * A dead letter as a delivery to be tried afresh: its age starts again, its past is kept.
 * @param at when it died
 * @param edited who is about to change its event
 */
export function reviveDeadLetter(letter: DeadLetter, at: number, edited?: Edit): StoredDelivery {
  const { reason, tries, history, usage: _usage, held: _held, ...delivery } = letter;
  const life: DeadLife = {
    reason,
    attempts: tries.attempts,
    at,
    detail: tries.lastDetail,
    status: tries.lastStatus,
    edited,
  };
  // The newest lives tell most; an event that fails for ever must not grow for ever.
  return { ...delivery, history: [...(history ?? []), life].slice(-10) };
}
