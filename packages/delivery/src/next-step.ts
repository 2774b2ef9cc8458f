import { type BackoffPolicy, backoffDelayMs } from './backoff.js';
import { FAILURE_FOLLOWS, type Outcome, type PermanentCode } from './outcome.js';

/** What is remembered of a delivery between attempts. Times are epoch milliseconds. */
export type Tries = {
  attempts: number;
  /** When the first attempt failed: the age that gives it up counts from here. */
  firstFailedAt: number;
  lastCode: string;
  lastStatus?: number;
  lastDetail?: string;
};

export type RetryPolicy = BackoffPolicy & {
  /** A delivery whose transient failures began longer ago than this is dead-lettered as `expired`. */
  giveUpAfterMs: number;
};

/** Starts at half a second, ends at five minutes, gives up after 72 hours. */
export const DEFAULT_RETRY_POLICY: RetryPolicy = {
  baseMs: 500,
  maxMs: 5 * 60_000,
  giveUpAfterMs: 72 * 3_600_000,
};

export type NextStep =
  | { step: 'complete'; as: 'delivered' | 'duplicate' }
  | { step: 'retry'; delayMs: number; tries: Tries }
  | { step: 'dead-letter'; reason: PermanentCode; tries: Tries; usage?: string }
  | { step: 'return' };

/**
 * Turns one outcome into what happens next. Pure: the clock and the random number are given.
 * Given up by age and never by a small number of tries.
 */
export function nextStep(
  outcome: Outcome,
  before: Tries | undefined,
  policy: RetryPolicy,
  now: number,
  random: number,
): NextStep {
  if (outcome.outcome === 'unsent') return { step: 'return' };
  if (outcome.outcome !== 'failed') return { step: 'complete', as: outcome.outcome };
  const tries: Tries = {
    attempts: (before?.attempts ?? 0) + 1,
    firstFailedAt: before?.firstFailedAt ?? now,
    lastCode: outcome.code,
    ...(outcome.status === undefined ? {} : { lastStatus: outcome.status }),
    ...(outcome.detail === undefined ? {} : { lastDetail: outcome.detail.slice(0, 500) }),
  };
  const { usage } = outcome;
  const last = usage === undefined ? { tries } : { tries, usage };
  if (FAILURE_FOLLOWS[outcome.code] === 'dead-letter') {
    return { step: 'dead-letter', reason: outcome.code as PermanentCode, ...last };
  }
  if (now - tries.firstFailedAt >= policy.giveUpAfterMs) {
    return { step: 'dead-letter', reason: 'expired', ...last };
  }
  return { step: 'retry', delayMs: backoffDelayMs(tries.attempts, policy, random), tries };
}
