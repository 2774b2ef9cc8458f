import { type BackoffPolicy, backoffDelayMs } from './backoff.js';
import { isPermanent, type Outcome, type PermanentCode } from './outcome.js';
import { type Suspect, suspectAfter, suspectDelayMs } from './suspect.js';

/** What is remembered of a delivery between attempts. Times are epoch milliseconds. */
export type Tries = {
  attempts: number;
  /** When the first attempt failed: the age that gives it up counts from here. */
  firstFailedAt: number;
  /** When the last one failed; absent where that is the first. */
  lastFailedAt?: number;
  lastCode: string;
  lastStatus?: number;
  lastDetail?: string;
  /** Those before the last one, oldest first: the very first and the newest, `EARLIER_KEPT` at most. */
  earlier?: Attempt[];
  /** Set while it is not known whether it is this event that fails (ADR 0015). */
  suspect?: Suspect;
};

/** One attempt that failed, in the API's words as far as they were kept. */
export type Attempt = { at: number; code: string; status?: number; detail?: string };

/** An outage of days is hundreds of attempts, which say the same: how it began and how it went on is enough. */
const EARLIER_KEPT = 9;
const EARLIER_DETAIL_CHARACTERS = 200;

export type RetryPolicy = BackoffPolicy & {
  /** A delivery whose transient failures began longer ago than this is dead-lettered as `expired`. */
  giveUpAfterMs: number;
  /** So long an event has to fail alone, while others are accepted, to be a dead letter as `fails_alone`. */
  failsAloneAfterMs: number;
};

/** Starts at half a second, ends at five minutes, gives up after 72 hours; an event that fails alone, after one. */
export const DEFAULT_RETRY_POLICY: RetryPolicy = {
  baseMs: 500,
  maxMs: 5 * 60_000,
  giveUpAfterMs: 72 * 3_600_000,
  failsAloneAfterMs: 3_600_000,
};

export type NextStep =
  | { step: 'complete'; as: 'delivered' | 'duplicate' }
  | { step: 'retry'; delayMs: number; tries: Tries }
  | { step: 'dead-letter'; reason: PermanentCode; tries: Tries; usage?: string }
  /** @property delayMs before it is taken again; left out where that is not its matter */
  | { step: 'return'; delayMs?: number };

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
  if (outcome.outcome === 'unsent') {
    return { step: 'return', delayMs: outcome.waitMs };
  }
  if (outcome.outcome !== 'failed' && outcome.outcome !== 'suspected') {
    return { step: 'complete', as: outcome.outcome };
  }
  const tries: Tries = {
    attempts: (before?.attempts ?? 0) + 1,
    firstFailedAt: before?.firstFailedAt ?? now,
    lastFailedAt: before ? now : undefined,
    lastCode: outcome.code,
    lastStatus: outcome.status,
    lastDetail: outcome.detail?.slice(0, 500),
    earlier: before ? keepEarlier([...(before.earlier ?? []), lastAttempt(before)]) : undefined,
  };
  const { usage } = outcome;
  const last = { tries, usage };
  if (outcome.outcome === 'failed' && isPermanent(outcome.code)) {
    return { step: 'dead-letter', reason: outcome.code, ...last };
  }
  if (now - tries.firstFailedAt >= policy.giveUpAfterMs) {
    return { step: 'dead-letter', reason: 'expired', ...last };
  }
  if (outcome.outcome === 'failed') {
    if (before?.suspect) tries.suspect = before.suspect;
    return { step: 'retry', delayMs: backoffDelayMs(tries.attempts, policy, random), tries };
  }
  const suspect = suspectAfter(outcome, outcome.judged, before?.lastCode);
  const { attempts } = tries;
  const delayMs = suspectDelayMs(suspect, { attempts, isAccepting: outcome.isAccepting }, policy, random);
  return { step: 'retry', delayMs, tries: { ...tries, suspect: { ...suspect, due: suspect.at + delayMs } } };
}

/** The newest of the attempts that `tries` remembers. */
export function lastAttempt(tries: Tries): Attempt {
  const { firstFailedAt, lastFailedAt = firstFailedAt, lastCode, lastStatus, lastDetail } = tries;
  return {
    at: lastFailedAt,
    code: lastCode,
    status: lastStatus,
    detail: lastDetail?.slice(0, EARLIER_DETAIL_CHARACTERS),
  };
}

function keepEarlier(attempts: Attempt[]): Attempt[] {
  return attempts.length <= EARLIER_KEPT
    ? attempts
    : [attempts[0]!, ...attempts.slice(attempts.length - EARLIER_KEPT + 1)];
}
