import type { Suspect } from './suspect.js';

/**
 * What became of one delivery in one attempt. A delivery is one Segment event under one rule of one
 * destination: the unit of account. Failures are data; exceptions are for bugs.
 */
export type Outcome =
  | Delivered
  | Duplicate
  | Failure
  | Suspected
  /**
   * It never left this process (a drain, a closed gate): hand it back, it costs no attempt.
   * @property waitMs before it is taken again; at once where left out
   */
  | { outcome: 'unsent'; waitMs?: number };

/** @property late set where the destination has taken it and may never bill it */
export type Delivered = { outcome: 'delivered'; late?: LateUsage };

/** Why usage is on no bill of its own time: that was billed before it came, or no subscription covers it. */
export const LATE_FATES = ['late_for_its_period', 'after_its_end', 'before_its_start'] as const;

export type LateFate = (typeof LATE_FATES)[number];

/** Usage that its destination takes with success, and bills at most as what is paid in advance or carried over. */
export type LateUsage = {
  fate: LateFate;
  /** Whose it is: the customer where the subscription was looked up, else the subscription. */
  owner: string;
  /** What it is billed as at the destination. */
  kind: string;
  /** Of the event's own time, in UTC: `2026-10`. */
  month: string;
  /** The number that it is billed by, a decimal of 12 digits and 9 behind the point at most; left out where it has none, or several. */
  quantity?: string;
};

/** The destination already had it, or a twin in flight carried it: success. */
export type Duplicate = {
  outcome: 'duplicate';
  /** What was sent, where the API itself called it a duplicate: that speaks of its id, and not of what it holds. */
  usage?: string;
  /** `older_rule`: an earlier version of its rule wrote what the API holds; `not_compared`: nobody knows what that is. */
  found?: 'older_rule' | 'not_compared';
};

export type Failure = {
  outcome: 'failed';
  code: FailureCode;
  /** HTTP status of the answer, where there was one. */
  status?: number;
  /** The API's own words or ours; never a payload, a key or a value of the event. At most 500 characters. */
  detail?: string;
  /** What was sent, or would have been: the usage event's JSON. Kept with a dead letter, never logged. */
  usage?: string;
  /** What the API holds in its place: JSON with the fields of `usage`. Kept and not logged, as that is. */
  held?: string;
  /** Another request of the same attempt held it before and was not answered: it may have arrived with that one. */
  maybeBefore?: true;
};

/**
 * The request that it was in failed, and nobody said that this event was the reason, nor that it was not: others will
 * tell (ADR 0015). Words and usage as in a `Failure`.
 */
export type Suspected = Omit<Failure, 'outcome' | 'code'> & {
  outcome: 'suspected';
  code: TransientCode | 'refused' | 'too_large';
  /** When it failed, by the clock that all workers share. */
  at: number;
  /** Events in that request. */
  of: number;
  /** Method and path of it. */
  way: string;
  /** A control may stand in for another event (see `CONTROL`). */
  control?: true;
  /** Others were accepted there immediately before; for one that failed alone, in the minute before. */
  isAccepting: boolean;
  /** What was known of it before it was sent, the failure before this one judged. */
  judged?: Suspect;
};

/** May go through later: back off and send the same bytes again. */
export type TransientCode =
  | 'timeout'
  | 'connection'
  | 'server_error'
  | 'unexpected_answer'
  /** It may have arrived under rules that nobody has kept: what it was sent as cannot be said. */
  | 'rules_unknown'
  /** The rules of now have none of its rule's name: it waits for a while for the rule to come back. */
  | 'rule_removed';

/** Will never go through as it is: a dead letter, replayed once its cause is mended. */
export type PermanentCode =
  | 'refused'
  | 'unmapped'
  | 'unknown_rule'
  | 'identity_collision'
  /** The API knows its id and holds no event under it: whoever deleted that one there has deleted this one, too. */
  | 'deleted_there'
  /** The customer has no subscription at the event's time, or more than one: nobody can say which is billed. */
  | 'no_subscription'
  | 'several_subscriptions'
  /** What it is usage of was billed before it was sent, and the destination would take it and not bill it. */
  | 'period_closed'
  | 'too_large'
  /** The API failed each time it was sent alone, while others were accepted. It may have arrived. */
  | 'fails_alone'
  | 'poison'
  | 'expired';

export type FailureCode = TransientCode | PermanentCode;

/** No event can be delivered until a person mends it: the destination is held, its events wait. */
export type HoldCode =
  | 'unauthorized'
  | 'forbidden'
  | 'wrong_url'
  /** Different events were refused one after the other, and none accepted between them: the way is wrong. */
  | 'refused_all';

/** A new code does not compile until someone has decided here what follows from it. */
export const FAILURE_FOLLOWS: Record<FailureCode, 'retry' | 'dead-letter'> = {
  timeout: 'retry',
  connection: 'retry',
  server_error: 'retry',
  unexpected_answer: 'retry',
  rules_unknown: 'retry',
  rule_removed: 'retry',
  refused: 'dead-letter',
  unmapped: 'dead-letter',
  unknown_rule: 'dead-letter',
  identity_collision: 'dead-letter',
  deleted_there: 'dead-letter',
  no_subscription: 'dead-letter',
  several_subscriptions: 'dead-letter',
  period_closed: 'dead-letter',
  too_large: 'dead-letter',
  fails_alone: 'dead-letter',
  poison: 'dead-letter',
  expired: 'dead-letter',
};

/**
 * Whether the API may have the usage event although nobody has its word: it was sent, and no answer says that it was
 * refused.
 */
export function mayHaveArrived(outcome: Outcome): boolean {
  if (outcome.outcome !== 'failed' && outcome.outcome !== 'suspected') return false;
  return outcome.usage !== undefined && isUnanswered(outcome);
}

/**
 * What becomes of a usage event that was sent twice in one attempt: with others, which failed, and once more.
 * @param last of the second request; `unsent`, where it did not come to that
 */
export function outcomeAfter(first: Suspected, last: Outcome): Outcome {
  if (last.outcome === 'unsent') return first;
  if (!isUnanswered(first)) return last;
  // What the first request brought there is no repeat of its sender.
  if (last.outcome === 'duplicate') return { outcome: 'delivered' };
  return last.outcome === 'delivered' ? last : { ...last, maybeBefore: true };
}

function isUnanswered({ code, maybeBefore }: Pick<Failure, 'code' | 'maybeBefore'>): boolean {
  return maybeBefore === true || !isPermanent(code);
}

/**
 * Reasons of what was never sent under the rules it was mapped by: there is nothing that they could have made of it, or
 * nobody it could have been billed to.
 */
export const NEVER_SENT: ReadonlySet<string> = new Set<FailureCode>([
  'rule_removed',
  'unmapped',
  'unknown_rule',
  'no_subscription',
  'several_subscriptions',
  'period_closed',
]);

/** Whether trying again is no use. */
export function isPermanent(code: FailureCode): code is PermanentCode {
  return FAILURE_FOLLOWS[code] === 'dead-letter';
}
