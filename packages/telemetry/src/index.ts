export {
  type BusinessEvents,
  createBusinessEvents,
  type DeliveryAttempted,
  type DeliverySettled,
  type EventsDeadLettered,
} from './business-events.js';
export { createLogger, type Logger, type LoggerOptions } from './create-logger.js';
export { type BreakerState, createMetrics, type DestinationStatus, type Metrics } from './create-metrics.js';
export { type DescribedError, describeError } from './describe-error.js';
export { createScrubber } from './scrub.js';
