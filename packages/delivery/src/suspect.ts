import {
  type Acceptances,
  areAcceptedAround,
  CONTROL,
  isBetween,
  isOver,
  joinSeries,
  type Series,
} from './acceptances.js';
import { backoffDelayMs } from './backoff.js';
import type { RetryPolicy } from './next-step.js';
import type { Failure, PermanentCode, Suspected } from './outcome.js';

/**
 * What is remembered of a delivery whose request failed while nobody said which of its events was the reason, or
 * whether any was (ADR 0015). Times are epoch milliseconds by the clock that all workers share.
 */
export type Suspect = {
  /** When the last such request failed. */
  at: number;
  /** Events in that request. */
  of: number;
  /** Method and path of it, as acceptances are kept. */
  way: string;
  /** A control may stand in for another event (see `CONTROL`). */
  control?: true;
  /** Failures alone in a row, whether or not they proved anything. */
  alone: number;
  /** Those of them that stand between acceptances of others. */
  proofs: number;
  /** When the first of those was. */
  provedSince?: number;
  /** It is not sent again before this. */
  due?: number;
};

/** How a suspect is sent: never with others than suspects. */
export type Apart = {
  /** Events in one request, at most. */
  atMost: number;
  /** Others were accepted around its last failure: it tells nothing of the API's health. */
  isConfirmed: boolean;
};

/** Whether it has failed alone before. */
export function isLone(apart: Apart | undefined): boolean {
  return apart?.atMost === 1;
}

/**
 * Whether the failure of a request is its events' own affair, and tells nothing of the API's health. A lone one that
 * fails again tells something only where nobody else does; a refusal says nothing of health anyway.
 * @param sent how each of its events was sent; none, where it was a control
 * @param series when others were accepted, by the same way
 */
export function isTheirOwn(
  sent: readonly (Apart | undefined)[],
  isRefused: boolean,
  series: Series | undefined,
  at: number,
): boolean {
  if (sent.length > 0 && sent.every((apart) => apart?.isConfirmed)) return true;
  return isLone(sent[0]) && !isRefused && !isOver(series, at);
}

export type Judgement =
  | { send: 'with others' }
  /** @property suspect what is known of it until then, the last failure judged */
  | { send: 'apart'; apart: Apart; suspect: Suspect }
  | { send: 'later'; waitMs: number }
  /** It is proved: it is not sent again. */
  | { send: 'never'; reason: PermanentCode; suspect: Suspect };

/** What a proxy says of a request, or of its path: a control meets it like an event. */
const CONTROL_SPEAKS_OF = [400, 403, 404, 406, 422];

/** Whether a control may stand in for another event. */
export function doesControlSpeakOf(code: string, status: number | undefined): boolean {
  return code === 'refused' && status !== undefined && CONTROL_SPEAKS_OF.includes(status);
}
/** Between the two an acceptance must come: twice alone is what one event dies of. */
const PROOFS_OF_REFUSAL = 2;
/** What may be the API's health needs more than that, and time between the first and the last. */
const PROOFS_OF_FAILURE = 3;
/** Where nobody is accepted, whole requests are taken apart only from this attempt on: most outages are over by then. */
const APART_AFTER_ATTEMPTS = 3;
/**
 * Into so many groups a request is taken apart that failed. To find one event of n that costs as many requests as
 * halves do, 2·log2(n), in half as many rounds; and after the first one three of four innocents are delivered.
 */
const PARTS = 4;
/** Time for acceptances of others to come, and to be known to all workers. */
const LEAST_ALONE_MS = 1_500;
/** While others are accepted. */
const MOST_ALONE_MS = 45_000;

/**
 * What is next for a delivery, before it is sent. Pure.
 * @param accepted as the gate and this process know them
 */
export function judgeSuspect(
  tries: { suspect?: Suspect; attempts: number; lastCode: string } | undefined,
  accepted: Acceptances,
  now: number,
  policy: Pick<RetryPolicy, 'failsAloneAfterMs'>,
): Judgement {
  const before = tries?.suspect;
  if (!before) return { send: 'with others' };
  const others = joinSeries(accepted[before.way], before.control ? accepted[CONTROL] : undefined);
  const isProved = isBetween(others, before.at);
  const suspect = isProved && before.of === 1 ? withProof(before) : before;
  const reason = isProved ? provedReason(suspect, tries.lastCode, policy) : undefined;
  if (reason) return { send: 'never', reason, suspect };
  const waitMs = (suspect.due ?? 0) - now;
  // A time further away is of another clock.
  if (waitMs > 0 && waitMs <= MAX_DUE_MS) return { send: 'later', waitMs };
  return {
    send: 'apart',
    suspect,
    apart: { atMost: groupSize(suspect, others, tries.attempts), isConfirmed: isProved },
  };
}

const MAX_DUE_MS = 10 * 60_000;

function withProof(suspect: Suspect): Suspect {
  return { ...suspect, proofs: suspect.proofs + 1, provedSince: suspect.provedSince ?? suspect.at };
}

function provedReason(
  { proofs, provedSince, at }: Suspect,
  code: string,
  { failsAloneAfterMs }: Pick<RetryPolicy, 'failsAloneAfterMs'>,
): PermanentCode | undefined {
  if (code === 'refused' || code === 'too_large') return proofs >= PROOFS_OF_REFUSAL ? code : undefined;
  const isLong = provedSince !== undefined && at - provedSince >= failsAloneAfterMs;
  return proofs >= PROOFS_OF_FAILURE && isLong ? 'fails_alone' : undefined;
}

function groupSize({ of, at }: Suspect, others: Series | undefined, attempts: number): number {
  const isTakenApart = areAcceptedAround(others, at) || attempts >= APART_AFTER_ATTEMPTS;
  return isTakenApart ? partSize(of) : Number.POSITIVE_INFINITY;
}

/** Events in each of the groups that a request of so many is taken apart into. */
export function partSize(of: number): number {
  return Math.ceil(of / PARTS);
}

/**
 * What is remembered after a request failed that this delivery was in.
 * @param before as it was judged, before it was sent
 * @param lastCode of the failure before this one
 */
export function suspectAfter(
  outcome: Suspected,
  before: Suspect | undefined,
  lastCode: string | undefined,
): Suspect {
  const { at, of, way, code, control } = outcome;
  const isAlone = of === 1;
  // Refusals prove nothing of failures, nor one way of another.
  const goesOn = isAlone && before !== undefined && before.way === way && lastCode !== undefined;
  const known = goesOn && kindOf(code) === kindOf(lastCode) ? before : undefined;
  return {
    at,
    of,
    way,
    control,
    alone: isAlone ? (goesOn ? before.alone : 0) + 1 : 0,
    proofs: known?.proofs ?? 0,
    provedSince: known?.provedSince,
  };
}

function kindOf(code: string): 'refusal' | 'failure' {
  return code === 'refused' || code === 'too_large' ? 'refusal' : 'failure';
}

/**
 * How long it waits before it is sent again: not at all while it is being found among its neighbours and others are
 * accepted; once it stands alone, by a backoff of its own.
 */
export function suspectDelayMs(
  { alone, of }: Suspect,
  { attempts, isAccepting }: { attempts: number; isAccepting: boolean },
  policy: RetryPolicy,
  random: number,
): number {
  if (of > 1) return isAccepting ? 0 : backoffDelayMs(attempts, policy, random);
  // Comparisons have to follow each other within a minute, on a way that healthy events take only for their sake.
  const maxMs = isAccepting ? Math.min(MOST_ALONE_MS, policy.maxMs) : policy.maxMs;
  return Math.max(LEAST_ALONE_MS, backoffDelayMs(alone, { ...policy, maxMs }, random));
}

/** Whether a suspect may be asked with: nobody else is there to be harmed, or to be compared with. */
export function mayProbe({ isConfirmed }: Apart, way: Series | undefined, now: number): boolean {
  return !isConfirmed || isOver(way, now);
}

/**
 * The outcome of a delivery that is not sent again.
 * @param usage what would have been sent, and how much of one event the API can store; left out where it never came so far
 */
export function provedFailure(
  { reason, suspect }: Extract<Judgement, { send: 'never' }>,
  { lastStatus, lastDetail = 'no answer' }: { lastStatus?: number; lastDetail?: string },
  usage?: { body: string; storableBytes?: number | undefined },
): Failure {
  const alone = `sent alone ${suspect.proofs} times, while others were accepted before and after`;
  return {
    outcome: 'failed',
    code: reason,
    status: lastStatus,
    detail:
      reason === 'fails_alone'
        ? describeFailsAlone(lastDetail, alone, suspect, usage)
        : `${lastDetail} (${alone})`,
    usage: usage?.body,
  };
}

function describeFailsAlone(
  said: string,
  alone: string,
  { at, provedSince = at }: Suspect,
  usage: { body: string; storableBytes?: number | undefined } | undefined,
): string {
  const minutes = Math.round((at - provedSince) / 60_000);
  if (!usage) return `reading fails for this customer alone: ${said} (${alone}, for ${minutes} minutes)`;
  const { body, storableBytes = Number.POSITIVE_INFINITY } = usage;
  const bytes = Buffer.byteLength(body);
  const isTooMuch = bytes > storableBytes;
  const size = isTooMuch
    ? `, of which it can store about ${storableBytes}: its size is the likely reason`
    : '';
  return `the API fails on this event alone: ${said} (${alone}, for ${minutes} minutes; ${bytes} bytes${size}). It may have arrived: look there before you change it`;
}
