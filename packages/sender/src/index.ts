/**
 * What sends: requests filled from all that waits, made over HTTP, and their answers acted on; and subscriptions that
 * are looked up before. It knows no API (that is `destinations`), keeps nothing between starts (that is `queue`) and
 * spaces no requests (that is `rate-limiter`). Begin with `Sender`.
 */
export { BillingReader } from './billing-reader.js';
export { READS_WAY } from './gate-after-read.js';
export { createHttpClient } from './http-client.js';
export { pauseAfterRead } from './pause-after-read.js';
export type { SentRequest } from './send-request.js';
export { type DeliverOptions, Sender } from './sender.js';
export {
  type Resolution,
  type SubscriptionCache,
  SubscriptionReader,
} from './subscription-reader.js';
