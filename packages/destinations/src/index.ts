/**
 * Billing APIs, each a folder: its description, its settings, how a rule writes its usage, its requests, and what its
 * answers mean. Pure: it opens no connection and sends nothing (that is `sender`); an API is asked through the port
 * `HttpClient` or a function that is handed in. Begin with `kindOf` and `compileDestination`.
 */
export { billingAccounts } from './billing-accounts.js';
export { changedIds, type FormerIds, formerIds, idName } from './changed-ids.js';
export type { DraftField, DraftUsage, DraftValue } from './description.js';
export { type DestinationType, destinationTypes } from './descriptions.js';
export type {
  Asked,
  Asking,
  BillingLookup,
  BillingTimes,
  BooksLookup,
  Connection,
  CurrentUsage,
  Destination,
  Doubt,
  Fate,
  Get,
  Held,
  HeldEvent,
  HeldLookup,
  ListedUsage,
  MappedUsage,
  PendingUsage,
  Period,
  Preference,
  Read,
  ReportedFault,
  RequestHead,
  SentUsage,
  StoredLookup,
  SubscriptionLookup,
  SubscriptionsVerdict,
  Told,
  ToldDuplicate,
  UsageFilter,
  UsageIdentity,
  UsagePage,
  WebhookHeaders,
  WebhookReading,
  Webhooks,
} from './destination.js';
export type { HttpAnswer } from './http-answer.js';
export type { HttpClient } from './http-client.js';
export {
  compileDestination,
  type DestinationSettings,
  destinationKinds,
  destinationSettingsSchema,
  kindOf,
} from './kinds.js';
export { describeLarge, isLarge } from './large-events.js';
export { showControls } from './moved-address.js';
export { oldBefore } from './old-usage.js';
export { readRefusedWaitMs, readSpentWaitMs } from './rate-limit-headers.js';
export { codeOfRefusal } from './read-answer.js';
export { MAX_SUBSCRIPTION_PAGES, readBillingTimes, readPeriods } from './read-subscriptions.js';
export {
  compileEarlierRules,
  compileVersion,
  newerRules,
  type RulesVersion,
  rulesOfVersion,
  rulesVersion,
  settingsOfVersion,
  typeOfVersion,
} from './rules-version.js';
export { secretSchema } from './secret.js';
export { describeSharedIds, findSharedIds, type RulePlace, type SharedIds } from './shared-ids.js';
