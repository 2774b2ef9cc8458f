/**
 * Stand-ins for Lago and Hyperline that answer as they were recorded to, keep what they were given, and fail when they
 * are told to. For tests, benchmarks and a first look; never for billing. Begin with `startSandbox`.
 */
export type { Fault, FaultScript, FaultState } from './faults.js';
export type { Flaw, FlawOptions } from './flaws.js';
export type { HyperlineInspection, HyperlineSandbox } from './hyperline/hyperline-sandbox.js';
export type { HyperlineEventJson } from './hyperline/list-events.js';
export type { HyperlineOptions } from './hyperline/options.js';
export type { HyperlineEventCounts, HyperlineIncident } from './hyperline/store.js';
export type { UnbillableReason } from './lago/billability.js';
export type { BilledUsage } from './lago/billed.js';
export type { LagoEventJson } from './lago/event-json.js';
export type { LagoInspection, LagoInvoice, LagoSandbox } from './lago/lago-sandbox.js';
export type {
  LagoAggregation,
  LagoCharge,
  LagoMetric,
  LagoOptions,
  LagoPlan,
  LagoSubscription,
} from './lago/options.js';
export type { LagoEventCounts } from './lago/store.js';
export {
  LAGO_ORGANIZATION,
  sendLagoWebhook,
  signLagoWebhook,
  type WebhookSigning,
  type WebhookTarget,
} from './lago/webhooks.js';
export type { LedgerCounts, LedgerEntry, LedgerVersion } from './ledger.js';
export type { SandboxOptions } from './options.js';
export { createRandom } from './random.js';
export { type Sandbox, startSandbox } from './sandbox.js';
export type { TrafficCounts } from './traffic.js';
