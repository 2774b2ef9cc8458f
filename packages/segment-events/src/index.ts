/**
 * What Segment sends: bodies, identity, times, privacy, signatures and `integrations`, up to the frozen event that is
 * stored. Pure; it knows no destination and no HTTP. Begin with `readBody` and `receiveEvent`.
 */
export { isSameDecimal } from './decimal.js';
export { type DeletionCall, deletionIdOf, isDeletionCall, readDeletionCall } from './deletion-call.js';
export { ANY_PATH, eventPaths, mayBeAmong } from './event-paths.js';
export { leastBytes } from './event-size.js';
export type { Clock, Via } from './event-time.js';
export { freezeEvent } from './freeze-event.js';
export { findJsonSlip, type JsonSlip } from './json-slip.js';
export { hashValue, hashWithKey, maskValue } from './mask-value.js';
export { parseJson } from './parse-json.js';
export { compilePath, readPath, type SplitPath, splitPath } from './path.js';
export {
  compileIsOf,
  compilePerson,
  formsOf,
  MAX_PERSON_ID_LENGTH,
  type NamedIds,
  namedIds,
  type Person,
  type PersonIds,
} from './person.js';
export { compilePrivacy, findPrivacyPathProblem, type Privacy, type PrivacyRules } from './privacy.js';
export { BodyReader, type BodyReading, readBody, type SegmentBody, writeKeyOf } from './read-body.js';
export {
  ARCHIVED,
  type Arrival,
  DIRECT,
  decideArrival,
  type EventLimits,
  type EventSource,
  FORWARDED,
  type Received,
  type Refusal,
  type RefusalCount,
  type RejectedEvent,
  receiveEvent,
  rejectArrival,
  type Way,
  wayOf,
} from './receive-event.js';
export {
  compileRefusedPeople,
  keyCheckOf,
  type RefusedPeople,
  refusalTokens,
  TOKENS_PER_ID,
} from './refused-people.js';
export type { Rejection, RejectionReason } from './rejection.js';
export type { RequestRef } from './request-ref.js';
export { findRootProblem, findWrittenRootProblem, type RootField, rootFieldOf } from './root-fields.js';
export { safeEqual } from './safe-equal.js';
export {
  CALL_TYPES,
  type CallType,
  isJsonObject,
  type JsonObject,
  MAX_MESSAGE_ID_LENGTH,
  type MessageId,
  messageIdSchema,
  type SegmentEvent,
  segmentEventSchema,
} from './segment-event.js';
export { suggest } from './suggest.js';
export {
  TIMED_SIGNATURE_HEADER,
  TIMED_SIGNATURE_TOLERANCE_MS,
  type TimedSignature,
  verifyTimedSignature,
} from './timed-signature.js';
export { isInFull, readTimestampMs } from './timestamps.js';
export { type SignatureCoverage, verifyWebhookSignature } from './webhook-signature.js';
