/**
 * What a person does to a running system, and what they want to know of it. A terminal and a page are faces over this:
 * it prints nothing, ends no process, reads no environment and heeds no signal. Begin with `openOperations`; long work
 * takes a `Work`, and what is not done fails with an `OperationError`.
 */
export { type Activity, type RuleLine, readActivity, type UntakenLine } from './activity/read-activity.js';
export {
  isObject,
  type ObjectStore,
  type ObjectStoreOptions,
  openObjectStore,
} from './archive/object-store.js';
export { STANDARD_INPUT } from './archive/open-archive.js';
export { type Audited, type AuditOptions, audit } from './audit/audit.js';
export type { BooksState, BooksVerdict } from './audit/judge-books.js';
export type { AuditFilter, AuditReport, Grouping as AuditGrouping, ReportLine } from './audit/report.js';
export type { Unreadable } from './backfill/read-groups.js';
export type { BackfillReport } from './backfill/report.js';
export { type Backfill, dryRun, runBackfill, type StandardInput } from './backfill/run-backfill.js';
export type { BadLine, DestinationTally } from './backfill/tally.js';
export type { BooksStore } from './books/books.js';
export type { BilledNow } from './books/current-usage.js';
export {
  type Coverage,
  type ExplainQuestion,
  explainUsage,
  type UsageLine,
  type UsageReport,
} from './books/explain-usage.js';
export {
  type FoundDelivery,
  type FoundEvent,
  type FoundLetter,
  type FoundPlace,
  findEvent,
} from './books/find-event.js';
export type { HeldRow, HeldUsage } from './books/held-usage.js';
export { checkCases } from './cases/check-cases.js';
export { findCaseFiles, type PlacedCase, readCases } from './cases/read-cases.js';
export { type CaseResult, runCase, show } from './cases/run-case.js';
export { askAboutRules } from './check/ask-about-rules.js';
export { check } from './check/check.js';
export type { Finding } from './check/finding.js';
export { type CloseQuestion, type Closing, closeMonth } from './close/close-month.js';
export type { Month } from './close/month.js';
export type { MonthBooks } from './close/month-books.js';
export {
  makeSigningKey,
  readPublicKey,
  readSigned,
  readSigningKey,
  signStatement,
} from './close/sign-statement.js';
export type { Statement } from './close/statement.js';
export { isAsStated, sayChange, type Verification, verifyStatement } from './close/verify-statement.js';
export { type PointResult, passes, type Waiver } from './close/waivers.js';
export { compareArchive, compareDeadLetters, type HistoryReport } from './compare/compare-history.js';
export { VERDICTS, type Verdict, WORSE } from './compare/compare-judged.js';
export type { Sample } from './compare/sample.js';
export { isWorse } from './compare/tally.js';
export { openRedis } from './connect.js';
export type { CheckedEdit } from './dead-letters/check-edit.js';
export { countGroups, type LetterCount } from './dead-letters/count.js';
export { type DiscardPlan, discard, planDiscard } from './dead-letters/discard.js';
export { askForLetter, editLetter, previewEdit } from './dead-letters/edit.js';
export { exportLetters } from './dead-letters/export.js';
export { type LetterFilter, readFilter, sayFilter } from './dead-letters/filter.js';
export type { Grouping } from './dead-letters/groupings.js';
export { type ImportReport, importLetters } from './dead-letters/import.js';
export {
  destinationOf,
  detailOf,
  eventNameOf,
  eventOf,
  isDelivery,
  type Letter,
  type LetterEntry,
  newerLetterWords,
  ruleOf,
} from './dead-letters/letter.js';
export { readLetterLog } from './dead-letters/log.js';
export { compileMapNow, heldThen, type MappedNow, mappedThen, type Now } from './dead-letters/map-now.js';
export { readWords } from './dead-letters/operator-action.js';
export {
  countLetters,
  type LetterPage,
  type LetterSummary,
  pageLetters,
  summarizeLetter,
} from './dead-letters/page.js';
export { writePortable } from './dead-letters/portable-letter.js';
export type { Count, Tallied } from './dead-letters/tally.js';
export {
  countAtMost,
  countByReason,
  readLetter,
  type WalkOptions,
  walkLetters,
} from './dead-letters/walk.js';
export {
  type FindingFilter,
  listFindings,
  type PlacedFinding,
  resolveFindings,
  waiveFindings,
} from './findings/findings.js';
export { findPerson, type PersonFound, type PlaceFound } from './forget/find-person.js';
export { type ForgetOptions, type Forgotten, forgetPerson, type Rest } from './forget/forget-person.js';
export type { ForgottenReceipts } from './forget/forget-receipts.js';
export { allowPerson, keyToRefuseBy, listRefused, type RefusedList } from './forget/refuse-person.js';
export { type ForgetRunner, type ForgetRunnerOptions, startForgetRunner } from './forget/run-forgets.js';
export { readPersonIds } from './forget/words.js';
export { holdDestination, resumeDestination } from './hold.js';
export { type Operations, openOperations, type RunningSystem, type SettingsInForce } from './open.js';
export { openRunning } from './open-running.js';
export { OperationError, type OperationErrorCode } from './operation-error.js';
export { findSource } from './pipeline/find-source.js';
export { readKeptRules } from './pipeline/kept-rules.js';
export type { KeptRules } from './pipeline/pipeline.js';
export { type ReadyPipeline, readPipeline } from './pipeline/read-pipeline.js';
export type { ExplainedFilter } from './preview/explain-filter.js';
export { lastSubjects, readEventOf, subjectOfFile, subjectOfLetter } from './preview/find-subjects.js';
export {
  type DestinationPreview,
  type EventPreview,
  previewEvent,
  type RulePreview,
  type Subject,
} from './preview/preview-event.js';
export type { WrittenEvent } from './preview/read-events.js';
export type { FindingKind } from './reconcile/findings.js';
export type { UsageBooks } from './reconcile/look.js';
export { type Books, type ReconcileQuestion, reconcile } from './reconcile/reconcile.js';
export type { ReconcileReport, ReportedFinding } from './reconcile/report.js';
export { refuseUnsafeRedis } from './refuse-unsafe.js';
export type { PlanOptions } from './replay/make-plan.js';
export { choosePace, limitOf, type Pace, paceOf, slowest } from './replay/pace.js';
export { planned, type ReplayPlan } from './replay/plan.js';
export {
  askForRest,
  isAsPlanned,
  type ListedReplay,
  listReplays,
  type PlannedReplay,
  planReplay,
  readReplay,
  resumeReplay,
  showReplay,
  startReplay,
  stopReplay,
  watchReplay,
} from './replay/replays.js';
export type { Replay, ReplayEnd, ReplayWhat } from './replay/run-replay.js';
export { type ReplayRunner, type ReplayRunnerOptions, startReplayRunner } from './replay/run-replays.js';
export type { ReplaySummary } from './replay/summary.js';
export type { FailureStatus, GateStatus, HoldStatus, PlaceStatus, Status } from './status/report.js';
export { watchStatus } from './status/watch.js';
export { DOUBTS, type Held, notAskedOf } from './stored/held.js';
export { type Refusal, refuseToSend, type SendAgain } from './stored/may-send.js';
export type { Progress, Work } from './work.js';
