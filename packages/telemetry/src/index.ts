/**
 * Logger, metrics, and one function for each thing that happens to the business: what it logs and what it counts. Takes
 * secrets out of every line. Also what every process answers of its health. Begin with `createLogger` and
 * `createBusinessEvents`.
 */
export { type Build, readBuild } from './build.js';
export {
  type BusinessEvents,
  createBusinessEvents,
  type DeliveryAttempted,
  type DeliverySettled,
  type EventsDeadLettered,
} from './business-events.js';
export { createLogger, type Logger, type LoggerOptions } from './create-logger.js';
export {
  type ActivityStatus,
  type ArchivistMetrics,
  type BreakerState,
  createArchivistMetrics,
  createReceiverMetrics,
  createWorkerMetrics,
  type DestinationStatus,
  type ReceiverMetrics,
  type WorkerMetrics,
} from './create-metrics.js';
export { type DescribedError, describeError } from './describe-error.js';
export { describeSystemError, endProgram, type LastWords } from './end-program.js';
export { createHealthHandlers, type HealthDeps } from './health-handlers.js';
export { nextId, nextTraceparent, readRequestId, readTraceparent } from './made-ids.js';
export { createReceiverEvents, type ReceiverEvents, type WebhookReceived } from './receiver-events.js';
export { RedisOutages } from './redis-outages.js';
export { type ReloadTold, tellReload } from './reload-events.js';
export { createLearningScrubber, createScrubber, type LearningScrubber } from './scrub.js';
export { type Attributes, NO_TRACER, type Span, type Tracer } from './tracing/tracer.js';
