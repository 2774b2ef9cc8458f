/**
 * Lago and Hyperline, each a folder: its settings, how a rule writes its usage, its requests, and what its answers mean.
 * Pure: it opens no connection and sends nothing (that is `sender`); an API is asked through the port `HttpClient` or a
 * function that is handed in. Begin with `compileDestination` and `destinationKinds`.
 */
export { billingAccounts } from './billing-accounts.js';
export { changedIds, type FormerIds, formerIds, idName } from './changed-ids.js';
export type {
  Asked,
  Asking,
  Connection,
  Destination,
  Doubt,
  Held,
  HeldEvent,
  HeldLookup,
  MappedUsage,
  PendingUsage,
  Period,
  SubscriptionLookup,
  SubscriptionsVerdict,
  ToldDuplicate,
} from './destination.js';
export type { HttpAnswer } from './http-answer.js';
export type { HttpClient } from './http-client.js';
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
export { describeLarge, isLarge } from './large-events.js';
export { showControls } from './moved-address.js';
export { readRefusedWaitMs, readSpentWaitMs } from './rate-limit-headers.js';
export { codeOfRefusal } from './read-answer.js';
export {
  compileEarlierRules,
  compileVersion,
  type RulesVersion,
  rulesVersion,
  settingsOfVersion,
} from './rules-version.js';
export { describeSharedIds, findSharedIds, type RulePlace, type SharedIds } from './shared-ids.js';
