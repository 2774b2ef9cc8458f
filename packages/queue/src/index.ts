/**
 * Everything that is kept in Redis but the limiter's: batch jobs and their settlement, the books, dead letters, replays,
 * gates, versions of rules. The only importer of BullMQ. It decides nothing about an outcome (that is `delivery`).
 * Begin with `DeliveryWriter` (in) and `startDestinationWorker` (out).
 */
export { connectConsumer, connectProducer, onServer } from '@meterbridge/redis-connection';
export { type AuditLine, readAudit } from './audit.js';
export { BackfillPositions, type FilePosition } from './backfill-positions.js';
export { type BatchData, decodeBatch } from './batch-codec.js';
export { countWorkers } from './count-workers.js';
export {
  type OperatorAction,
  type OperatorActionRecord,
  readDeadLetterLog,
  recordAction,
} from './dead-letter-log.js';
export {
  type DeadLetterEntry,
  type DeadLetterRange,
  findDeadLetter,
  type LetterMark,
  readDeadLetters,
  readShardLetters,
} from './dead-letters.js';
export {
  type DeliveryWorker,
  type DeliveryWorkerOptions,
  startDeliveryWorker,
} from './delivery-worker.js';
export { DeliveryWriter, type WriterOptions } from './delivery-writer.js';
export { createDestinationGate, lookAtDestinationGate } from './destination-gate.js';
export {
  type DestinationWorker,
  type DestinationWorkerOptions,
  startDestinationWorker,
} from './destination-worker.js';
export { discardDeadLetters } from './discard-dead-letters.js';
export { PRIORITY, type Priority } from './enqueue.js';
export { asStoreError, StoreFullError, StoreUnavailableError } from './errors.js';
export { keepEventsStore, readEventsStore } from './events-store.js';
export { findOrphanedDestinations } from './find-orphaned-destinations.js';
export { getOrSetFirstTimes } from './first-times.js';
export { startHourRetention } from './forget-hours.js';
export { changeGate, createGateStore, lookAtGate } from './gate-store.js';
export {
  findImported,
  forgetImported,
  type Imported,
  importDeadLetters,
  type PortableLetter,
} from './import-dead-letters.js';
export type { KeepResolved, Refused } from './job-run.js';
export { destinationOf, RECEIVER, readsOf, shardNames } from './keys.js';
export {
  type Account,
  type Balance,
  type Counters,
  countDeadLetters,
  readAccount,
  readCounters,
} from './ledger.js';
export { type MemoryWatch, readMemory, watchMemory } from './memory-pressure.js';
export { createMutex, type Mutex } from './mutex.js';
export { readNewestWaiting } from './newest-waiting.js';
export { assertDurableRedis, inspectRedis, type RedisFinding, UnsafeRedisError } from './redis-safety.js';
export { inspectTopology } from './redis-topology.js';
export {
  createReplay,
  findOpenReplays,
  findReplay,
  listReplays,
  REPLAY_BEAT_MS,
  type ReplayRecord,
  type ReplayState,
  releaseReplay,
  renewReplay,
  resumeReplay,
  stopReplay,
  takeReplay,
} from './replays.js';
export {
  doReplicasAnswer,
  NotReplicatedError,
  openReplication,
  type Replication,
  replicasToWaitFor,
} from './replication.js';
export type { RejectedEvent, RoutedEvent } from './routed-event.js';
export { keepRules, readAllRules, readRules } from './rules-store.js';
export { type ReplayStep, rejectionName, type ShardProgress, ShardReplay } from './shard-replay.js';
export { knownDestinations, knownShards, shardsOf } from './shards.js';
export { createStoreClock, readStoreTime, type StoreClock } from './store-clock.js';
export { createSubscriptionCache } from './subscription-cache.js';
