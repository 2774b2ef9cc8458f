/**
 * What becomes of a delivery, decided over data: outcomes, the next step, backoff, settlement, the gate before an API,
 * suspects, and taking a job apart that crashes its worker. Pure: time and chance come as arguments, and what has
 * effects is a port (`RateLimiter`, `GateStore`). Begin with `settleBatch` and `decideGate`.
 */
export {
  type Acceptances,
  areAcceptedAround,
  believable,
  CONTROL,
  isOver,
  mergeAcceptances,
  type Series,
  withAcceptance,
} from './acceptances.js';
export { type BucketCounts, bucketOf, countByBucket, hourAt, splitBucket } from './bucket.js';
export { findCollision } from './collision.js';
export {
  FORMATS,
  type Formats,
  formatsToTell,
  formatToWrite,
  NewerFormatError,
  newerFormat,
  newerWords,
  type StoredKind,
  type ToldFormats,
} from './formats.js';
export {
  claimProbe,
  decideGate,
  type Gate,
  type GateDecision,
  gateAfterAcceptance,
  gateAfterAnswer,
  gateAfterControl,
  gateAfterFailure,
  gateAfterHold,
  gateAfterMended,
  gateAfterRateLimit,
  gateAfterRefusal,
  gateAfterResume,
  gateAfterSuspicious,
  type HandHold,
  type Hold,
  type LastFailure,
  OPEN_GATE,
  PROBE_INTERVAL_MS,
  WAY_IS_WRONG_AFTER,
} from './gate.js';
export {
  afterRemoval,
  type Isolation,
  type IsolationStep,
  isolate,
  trialAborted,
  trialPassed,
  trialStarted,
  trialTimedOut,
  type UnderTrial,
} from './isolation.js';
export {
  DEFAULT_RETRY_POLICY,
  lastAttempt,
  nextStep,
  REMOVED_RULE_WAIT_MS,
  type RetryPolicy,
  type Tries,
} from './next-step.js';
export {
  FAILURE_FOLLOWS,
  type Failure,
  type FailureCode,
  type HoldCode,
  isPermanent,
  LATE_FATES,
  type LateFate,
  type LateUsage,
  NEVER_SENT,
  type Outcome,
  outcomeAfter,
  type PermanentCode,
  type Suspected,
} from './outcome.js';
export { type GateStore, type RateLimiter, READ_PRIORITY } from './ports.js';
export {
  type DeadLetter,
  type Ended,
  emptySettlement,
  type KeptUsage,
  type OutcomeRun,
  reviveDeadLetter,
  type SettledOutcome,
  type Settlement,
  settleBatch,
} from './settlement.js';
export type { DeadLife, Edit, RequestRef, Resolved, StoredDelivery } from './stored-delivery.js';
export {
  type Apart,
  doesControlSpeakOf,
  isLone,
  isTheirOwn,
  judgeSuspect,
  mayProbe,
  partSize,
  provedFailure,
  type Suspect,
} from './suspect.js';
export type { UsageEvent } from './usage-event.js';
export type { EntryVerdict, Verdict } from './verdict.js';
