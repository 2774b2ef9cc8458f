/**
 * Billing APIs, each a folder: its description, its settings, how a rule writes its usage, its requests, and what its
 * answers mean; and the sender that fills requests. It keeps nothing between starts (that is `queue`) and spaces no
 * requests (that is `rate-limiter`). Begin with `kindOf`, `compileDestination` and `createSender`.
 */
export { billingAccounts } from './billing-accounts.js';
export { changedIds, type FormerIds, formerIds, idName } from './changed-ids.js';
export type { DraftField, DraftUsage, DraftValue } from './description.js';
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
export {
  compileDestination,
  type DestinationSettings,
  type DestinationType,
  destinationKinds,
  destinationSettingsSchema,
  destinationTypes,
  kindOf,
} from './kinds.js';
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
export { createSender, type DeliverOptions, type Sender, type SentRequest } from './sender.js';
export { describeSharedIds, findSharedIds, type RulePlace, type SharedIds } from './shared-ids.js';
