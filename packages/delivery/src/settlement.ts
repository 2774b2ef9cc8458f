import { type Cells, countInCell } from './cell.js';
import { nextStep, type RetryPolicy, type Tries } from './next-step.js';
import type { Outcome, PermanentCode } from './outcome.js';
import type { DeadLife, StoredDelivery } from './stored-delivery.js';

/** A delivery that ends here, and why. */
export type DeadLetter = StoredDelivery & { reason: PermanentCode; tries: Tries };

/** What one attempt at a batch job comes to; counted in deliveries. */
export type Settlement = {
  delivered: number;
  duplicate: number;
  /** The same by cell; the others know their own. */
  byCell: Record<'delivered' | 'duplicate', Cells>;
  dead: DeadLetter[];
  /** What is not done: written back before the job is delayed. */
  remainder: StoredDelivery[];
  /** Until the remainder is tried again; 0 for at once. */
  delayMs: number;
};

/**
 * Adds up the outcomes of a batch's deliveries. Pure. `outcomes[i]` belongs to `deliveries[i]`; deliveries
 * beyond the outcomes were not tried and remain.
 */
export function settleBatch(
  deliveries: StoredDelivery[],
  outcomes: Outcome[],
  policy: RetryPolicy,
  now: number,
  random: () => number,
): Settlement {
  const settlement: Settlement = {
    delivered: 0,
    duplicate: 0,
    byCell: { delivered: {}, duplicate: {} },
    dead: [],
    remainder: [],
    delayMs: 0,
  };
  for (const [index, delivery] of deliveries.entries()) {
    const outcome = outcomes[index];
    if (!outcome) {
      settlement.remainder.push(delivery);
      continue;
    }
    const next = nextStep(outcome, delivery.tries, policy, now, random());
    switch (next.step) {
      case 'complete':
        settlement[next.as] += 1;
        countInCell(settlement.byCell[next.as], delivery);
        break;
      case 'dead-letter':
        settlement.dead.push({ ...delivery, reason: next.reason, tries: next.tries });
        break;
      case 'retry':
        settlement.remainder.push({ ...delivery, tries: next.tries });
        settlement.delayMs = Math.max(settlement.delayMs, next.delayMs);
        break;
      case 'return':
        settlement.remainder.push(delivery);
        break;
    }
  }
  return settlement;
}

/** A dead letter as a delivery to be tried afresh: its age starts again, its past is kept. */
export function reviveDeadLetter(letter: DeadLetter, at: number): StoredDelivery {
  const { reason, tries, history, ...delivery } = letter;
  const life: DeadLife = {
    reason,
    attempts: tries.attempts,
    at,
    ...(tries.lastDetail === undefined ? {} : { detail: tries.lastDetail }),
    ...(tries.lastStatus === undefined ? {} : { status: tries.lastStatus }),
  };
  // The newest lives tell most; an event that fails for ever must not grow for ever.
  return { ...delivery, history: [...(history ?? []), life].slice(-10) };
}
