/**
 * What became of one delivery in one attempt. A delivery is one Segment event under one rule of one
 * destination: the unit of account. Failures are data; exceptions are for bugs.
 */
export type Outcome =
  | { outcome: 'delivered' }
  | Duplicate
  | Failure
  /** It never left this process (a drain, a closed gate): hand it back, it costs no attempt. */
  | { outcome: 'unsent' };

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
};

/** May go through later: back off and send the same bytes again. */
export type TransientCode = 'timeout' | 'connection' | 'server_error' | 'unexpected_answer';

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
  | 'too_large'
  | 'poison'
  | 'expired';

export type FailureCode = TransientCode | PermanentCode;

/** Nobody can be delivered until a person mends it: the destination is held, its events wait. */
export type HoldCode = 'unauthorized' | 'forbidden' | 'wrong_url';

/** A new code does not compile until someone has decided here what follows from it. */
export const FAILURE_FOLLOWS: Record<FailureCode, 'retry' | 'dead-letter'> = {
  timeout: 'retry',
  connection: 'retry',
  server_error: 'retry',
  unexpected_answer: 'retry',
  refused: 'dead-letter',
  unmapped: 'dead-letter',
  unknown_rule: 'dead-letter',
  identity_collision: 'dead-letter',
  deleted_there: 'dead-letter',
  no_subscription: 'dead-letter',
  several_subscriptions: 'dead-letter',
  too_large: 'dead-letter',
  poison: 'dead-letter',
  expired: 'dead-letter',
};

/**
 * Whether the API may have the usage event although nobody has its word: it was sent, and no answer says that it was
 * refused.
 */
export function mayHaveArrived(outcome: Outcome): boolean {
  return outcome.outcome === 'failed' && outcome.usage !== undefined && !isPermanent(outcome.code);
}

/**
 * Reasons of what was never sent under the rules it was mapped by: there is nothing that they could have made of it, or
 * nobody it could have been billed to.
 */
export const NEVER_SENT: ReadonlySet<string> = new Set<PermanentCode>([
  'unmapped',
  'unknown_rule',
  'no_subscription',
  'several_subscriptions',
]);

/** Whether trying again is no use. */
export function isPermanent(code: FailureCode): code is PermanentCode {
  return FAILURE_FOLLOWS[code] === 'dead-letter';
}
