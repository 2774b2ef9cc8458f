/**
 * Everything that is kept in Redis but the limiter's: batch jobs and their settlement, the books, dead letters, replays,
 * gates, versions of rules, and hints of what rules take. The only importer of BullMQ. It decides nothing about an
 * outcome (that is `delivery`). Begin with `DeliveryWriter` (in) and `startDestinationWorker` (out).
 */
export {
  connectConsumer,
  connectProducer,
  describeRedisError,
  onServer,
  placeOf,
  redisErrorWords,
  redisTroubleOf,
  writeRefusal,
} from '@meterbridge/redis-connection';
export {
  type RuleActivity,
  readRuleActivity,
  readSeenPaths,
  readUntakenNames,
  type SeenPaths,
  type UntakenName,
  type UntakenNames,
} from './activity/read-activity.js';
export {
  type RuleReport,
  recordRules,
  recordSource,
  type SourceReport,
} from './activity/record-activity.js';
export { type BatchData, decodeBatch } from './batch/batch-codec.js';
export { readNewestWaiting } from './batch/newest-waiting.js';
export { PRIORITY, type Priority } from './bullmq/priority.js';
export { DeliveryWriter, type WriterOptions } from './commit/delivery-writer.js';
export { getOrSetFirstTimes } from './commit/first-times.js';
export type { RejectedEvent, RoutedEvent } from './commit/routed-event.js';
export { type DeadLetterCount, readDeadLetterCounts } from './dead-letters/dead-letter-counts.js';
export {
  type OperatorAction,
  type OperatorActionRecord,
  readDeadLetterLog,
  recordAction,
  recordRun,
  rewriteLog,
} from './dead-letters/dead-letter-log.js';
export {
  type DeadLetterEntry,
  type DeadLetterRange,
  findDeadLetter,
  type LetterMark,
  readDeadLetters,
  readShardLetters,
} from './dead-letters/dead-letters.js';
export { discardDeadLetters } from './dead-letters/discard-dead-letters.js';
export type { Fingerprint } from './dead-letters/fingerprint.js';
export {
  findImported,
  forgetImported,
  type Imported,
  importDeadLetters,
  type PortableLetter,
} from './dead-letters/import-dead-letters.js';
export {
  createForgetRequests,
  FORGET_BEAT_MS,
  type ForgetRequest,
  findDueForgetRequests,
  findForgetRequest,
  finishForgetRequest,
  type NewForgetRequest,
  type OpenForgetRequests,
  putBackForgetRequest,
  readOpenForgetRequests,
  renewForgetRequest,
  takeForgetRequest,
} from './forget-requests/forget-requests.js';
export {
  compareStreamIds,
  formatDeadLetterId,
  isDeadLetterId,
  shardOfId,
  streamIdOf,
} from './keys/dead-letter-id.js';
export { destinationOf, RECEIVER, readsOf, shardNames } from './keys/keys.js';
export { type AuditLine, readAudit, readAuditTimes } from './ledger/audit.js';
export { findOrphanedDestinations } from './ledger/find-orphaned-destinations.js';
export { startHourRetention } from './ledger/forget-hours.js';
export { countLateOf, forgetLateOf, type LateTotal, readLateUsage } from './ledger/late-usage.js';
export {
  type Account,
  type Balance,
  type Counters,
  countDeadLetters,
  readAccount,
  readCounters,
} from './ledger/ledger.js';
export {
  areReceiptsWaiting,
  createErasure,
  type ErasedPerson,
  type ErasureState,
  type ErasureTold,
  findOpenErasures,
  haveReceipts,
  type OpenErasure,
  type OpenErasures,
  readErasure,
  readOpenErasures,
  tellErasure,
} from './receipts/erasures.js';
export type {
  FilteredEntry,
  ReceiptEntry,
  ReceiptRoom,
  ReceiptTold,
  SettledEntry,
} from './receipts/receipt-entry.js';
export {
  ARCHIVE_HELD_MS,
  type ArchiveHold,
  countReceipts,
  holdArchive,
  isArchiveHeld,
  type ReceiptGap,
  readNewestReceipt,
  readReceiptGaps,
  readReceipts,
  redisIdentity,
  releaseReceipts,
  walkReceipts,
} from './receipts/receipt-stream.js';
export { countWorkers } from './redis/count-workers.js';
export { asStoreError, BooksRefusedError, StoreFullError, StoreUnavailableError } from './redis/errors.js';
export { every } from './redis/every.js';
export { type MemoryWatch, readMemory, watchMemory } from './redis/memory-pressure.js';
export {
  assertDurableRedis,
  inspectRedis,
  type RedisFinding,
  UnsafeRedisError,
} from './redis/redis-safety.js';
export { inspectTopology } from './redis/redis-topology.js';
export {
  doReplicasAnswer,
  NotReplicatedError,
  openReplication,
  type Replication,
  replicasToWaitFor,
} from './redis/replication.js';
export { type AofRewrite, rewriteAppendOnlyFiles } from './redis/rewrite-aof.js';
export { createStoreClock, readStoreTime, type StoreClock } from './redis/store-clock.js';
export {
  createReplay,
  findOpenReplays,
  findReplay,
  listReplays,
  type NewerReplay,
  REPLAY_BEAT_MS,
  type ReplayRecord,
  type ReplayState,
  releaseReplay,
  renewReplay,
  resumeReplay,
  rewriteReplays,
  stopReplay,
  takeReplay,
} from './replay/replays.js';
export { type ReplayStep, rejectionName, type ShardProgress, ShardReplay } from './replay/shard-replay.js';
export { BackfillPositions, type FilePosition } from './state/backfill-positions.js';
export { createDestinationGate, lookAtDestinationGate } from './state/destination-gate.js';
export { keepEventsStore, readEventsStore } from './state/events-store.js';
export {
  countOpenFindings,
  type Finding,
  type FindingResolved,
  type FindingsKept,
  type FindingWaived,
  findingId,
  keepFindings,
  MAX_FINDINGS,
  type NewFinding,
  readFinding,
  readFindings,
  readResolvedFindings,
  resolveFinding,
  waiveFinding,
} from './state/findings.js';
export { assertKnownStore, readFormats, tellFormats, watchFormats } from './state/formats.js';
export { changeGate, createGateStore, lookAtGate } from './state/gate-store.js';
export { keepMissingRules, type MissingRule, readMissingRules } from './state/missing-rules.js';
export { keepNewerRecords, type NewerRecords, readNewerRecords } from './state/newer-records.js';
export {
  type ProcessBeat,
  type ProcessEntry,
  type RunningConfig,
  readProcesses,
  startProcessBeat,
  type ToldSettings,
} from './state/processes.js';
export {
  allowPeople,
  countRefusals,
  findRefusals,
  type RefusalSnapshot,
  readRefusals,
  readRefusalVersion,
  refusePeople,
} from './state/refused-people.js';
export { keepRules, readAllRules, readRules } from './state/rules-store.js';
export { knownDestinations, knownShards, shardsOf } from './state/shards.js';
export { createSubscriptionCache } from './state/subscription-cache.js';
export { DeliveryWorker, type DeliveryWorkerOptions } from './work/delivery-worker.js';
export {
  type DestinationWorker,
  type DestinationWorkerOptions,
  startDestinationWorker,
} from './work/destination-worker.js';
export {
  deliveriesOf,
  type ForgetResult,
  forgetDeliveries,
  readJob,
  type StoredJob,
  walkJobs,
} from './work/forget-deliveries.js';
export type { KeepResolved, Refused, SettlementWritten } from './work/job-run.js';
export { createMutex, type Mutex } from './work/mutex.js';
