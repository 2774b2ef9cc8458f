/**
 * Lago and Hyperline, each a folder: its settings, how a rule writes its usage, its requests, and what its answers mean;
 * and the sender that fills requests. It keeps nothing between starts (that is `queue`) and spaces no requests (that is
 * `rate-limiter`). Begin with `compileDestination` and `createSender`.
 */
export { billingAccounts } from './billing-accounts.js';
export { changedIds, type FormerIds, formerIds, idName } from './changed-ids.js';
export type {
  Asked,
  Asking,
  Destination,
  Doubt,
  Held,
  HeldEvent,
  HeldLookup,
  MappedUsage,
  PendingUsage,
  ToldDuplicate,
} from './destination.js';
export type { HttpAnswer } from './http-answer.js';
export { createHttpClient, type HttpClient } from './http-client.js';
export type { HyperlineRule, HyperlineSettings } from './hyperline/settings.js';
export {
  compileDestination,
  type DestinationSettings,
  destinationKinds,
  destinationSettingsSchema,
} from './kinds.js';
export { checkSubscriptionReads } from './lago/check-subscriptions.js';
export { type LagoMetric, type ReadMetrics, readLagoMetrics } from './lago/read-metrics.js';
export { isLookup, type LagoRule, type LagoSettings } from './lago/settings.js';
export {
  createSubscriptionReader,
  READS_WAY,
  type Resolution,
  type SubscriptionReader,
} from './lago/subscription-reader.js';
export { describeLarge, isLarge } from './large-events.js';
export { pauseAfterRead } from './pause-after-read.js';
export {
  compileEarlierRules,
  compileVersion,
  type RulesVersion,
  rulesVersion,
  settingsOfVersion,
} from './rules-version.js';
export { secretSchema } from './secret.js';
export { createSender, type DeliverOptions, type Sender, type SentRequest } from './sender.js';
export { describeSharedIds, findSharedIds, type RulePlace, type SharedIds } from './shared-ids.js';
