import { setTimeout as sleep } from 'node:timers/promises';
import {
  judgeSuspect,
  nextStep,
  type Outcome,
  provedFailure,
  type RetryPolicy,
  type Suspect,
  type Tries,
  type UsageEvent,
} from '@meterbridge/delivery';
import type { Sender } from '../src/index.js';

/** In steps, so that others are accepted by then: with one leap nobody would have been for minutes. */
async function skipOver(ms: number, { skip, others = () => sleep(30) }: Clock): Promise<void> {
  for (let left = ms; left > 0; left -= 20_000) {
    await skip(Math.min(left, 20_000));
    await others();
  }
}

type Clock = {
  now: () => number;
  /** Moves it on by so many milliseconds, or waits for as long. */
  skip: (ms: number) => unknown;
  /** Resolves once others were accepted, or had time to be; that time where left out. */
  others?: () => Promise<unknown>;
};

/**
 * Delivers as a worker does whose job comes back until nothing remains of it, without the job: the same decisions
 * between the attempts. Waits are skipped.
 * @returns what each ended as, in order; what is still open after so many attempts is `undefined`
 */
export async function deliverToTheEnd(
  sender: Sender,
  usages: readonly UsageEvent[],
  clock: Clock,
  policy: RetryPolicy,
  attempts = 60,
): Promise<(Outcome | undefined)[]> {
  const ends: (Outcome | undefined)[] = usages.map(() => undefined);
  const tries: (Tries | undefined)[] = usages.map(() => undefined);
  for (let attempt = 0; attempt < attempts && ends.includes(undefined); attempt += 1) {
    const open = [...ends.keys()].filter((index) => ends[index] === undefined);
    const going: number[] = [];
    const apart = new Map();
    const judged = new Map<number, Suspect>();
    let waitMs = Number.POSITIVE_INFINITY;
    for (const index of open) {
      const judgement = judgeSuspect(tries[index], sender.accepted(), clock.now(), policy);
      if (judgement.send === 'never') ends[index] = provedFailure(judgement, tries[index]!, usages[index]!);
      else if (judgement.send === 'later') waitMs = Math.min(waitMs, judgement.waitMs);
      else {
        if (judgement.send === 'apart') {
          apart.set(going.length, judgement.apart);
          judged.set(index, judgement.suspect);
        }
        going.push(index);
      }
    }
    if (going.length === 0) {
      if (waitMs < Number.POSITIVE_INFINITY) await skipOver(waitMs, clock);
      continue;
    }
    const outcomes = await sender.deliver(
      going.map((index) => usages[index]!),
      { apart },
    );
    for (const [at, outcome] of outcomes.entries()) {
      const index = going[at]!;
      const before = judged.get(index);
      const told = outcome.outcome === 'suspected' && before ? { ...outcome, judged: before } : outcome;
      const next = nextStep(told, tries[index], policy, clock.now(), 0.5);
      if (next.step === 'retry') tries[index] = next.tries;
      else if (next.step !== 'return') ends[index] = told;
    }
  }
  return ends;
}
