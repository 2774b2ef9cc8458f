import { type BillingApi, createBillingApi } from '../billing-api.js';
import type { FaultScript } from '../faults.js';
import type { Flaws } from '../flaws.js';
import type { Ledger, LedgerCounts } from '../ledger.js';
import type { SharedOptions } from '../options.js';
import type { TrafficCounts } from '../traffic.js';
import { type BilledUsage, computeBilled } from './billed.js';
import { findTransactionIds } from './create-events.js';
import { type LagoEventJson, toStoredJson } from './event-json.js';
import { findInvoices, type Invoice } from './invoices.js';
import { Invoicing } from './invoicing.js';
import { KnownSubscriptions } from './known-subscriptions.js';
import { createLagoApi, type LagoParts } from './lago-api.js';
import type { LagoOptions } from './options.js';
import { createPlans } from './plans.js';
import { type LagoEventCounts, LagoStore } from './store.js';
import { sendLagoWebhook, type WebhookTarget, writeEventsErrors } from './webhooks.js';

export type LagoInspection = TrafficCounts & {
  store: LagoOptions['store'];
  faultsFired: number;
  events: LagoEventCounts;
  ledger: LedgerCounts;
  /** Only where `metrics` are given. */
  billed?: BilledUsage[];
  /** Only where `knownSubscriptions` are given: events that came when their period was closed already. */
  late?: number;
};

/** What one invoice bills. Times are ISO 8601, the ends of the period both included. */
export type LagoInvoice = {
  external_subscription_id: string;
  plan_code: string;
  from: string;
  to: string;
  reason: 'subscription_periodic' | 'subscription_terminating' | 'in_advance_charge';
  /** `filter`: the values of the charge's filter that it is of. */
  fees: {
    code: string;
    filter?: Readonly<Record<string, readonly string[]>>;
    units: string;
    amount_cents: number;
  }[];
};

/** The stand-in for Lago, from inside the process. */
export type LagoSandbox = {
  /** What LAGO_API_URL is to be. */
  url: string;
  faults: FaultScript;
  /** Makes it hold something else than what it has answered for, and says of which events. */
  flaws: Pick<Flaws, 'set' | 'ids'>;
  /** By transaction_id; in ClickHouse one id has an entry per timestamp. Ask anew after a reset. */
  readonly ledger: Pick<Ledger, 'find' | 'firstStoredAtMs' | 'entries' | 'counts' | 'size' | 'ages'>;
  inspect: () => LagoInspection;
  /** What it holds, in order of arrival. Default: all of it. */
  events: (offset?: number, limit?: number) => LagoEventJson[];
  /** All invoices so far, the oldest first, reduced to what is billed. */
  invoices: () => LagoInvoice[];
  /**
   * Bills the open periods now, of every subscription or of one, up to the whole second; later events of before it
   * are on no invoice. Answers how many were closed. Without it, periods close by the clock, at a month's end (UTC).
   */
  closePeriods: (externalId?: string) => number;
  /** Ends a subscription now, and bills it. False where no active one has this id. */
  endSubscription: (externalId: string) => boolean;
  /** Moves a subscription to another plan now: the one before is ended and billed. False where none is active. */
  upgradeSubscription: (externalId: string, planCode: string) => boolean;
  /** Sends the hourly webhook that names what is not billed, once. Answers the status. */
  sendEventsErrors: (target: WebhookTarget) => Promise<number>;
  /** Hides an event from whoever reads; sent again, it is still a duplicate. */
  softDelete: (transactionId: string) => void;
  /** Forgets events, counts, faults, invoices, and what was made of subscriptions. */
  reset: () => void;
};

/** Puts Lago together: what tests hold, and what the server serves. */
export function createLagoSandbox(
  options: LagoOptions,
  shared: SharedOptions,
): { api: BillingApi; sandbox: Omit<LagoSandbox, 'url'> } {
  const subscriptions = new KnownSubscriptions(options);
  const plans = createPlans(options, subscriptions);
  const store = new LagoStore(options, shared, subscriptions);
  const invoicing = new Invoicing({ store, options, plans, subscriptions });
  const api = createBillingApi(
    createLagoApi({ store, options, plans, subscriptions, invoicing }, shared),
    findTransactionIds,
  );
  const sandbox: Omit<LagoSandbox, 'url'> = {
    faults: api.faults,
    flaws: store.flaws,
    get ledger() {
      return store.ledger;
    },
    inspect: () => ({
      store: options.store,
      ...api.traffic.counts(),
      faultsFired: api.faults.fired,
      events: structuredClone(store.counts),
      ledger: store.ledger.counts(),
      ...(options.metrics && { billed: computeBilled(store, options.metrics) }),
      ...(options.knownSubscriptions && { late: invoicing.countLate(shared.now()) }),
    }),
    events(offset = 0, limit = store.ledger.size) {
      const end = Math.min(store.ledger.size, offset + limit);
      const events: LagoEventJson[] = [];
      for (let row = offset; row < end; row += 1) events.push(toStoredJson(store.ledger, row, options.store));
      return events;
    },
    ...createBillingHandles({ store, options, plans, subscriptions, invoicing }, shared.now),
    sendEventsErrors: (target) => sendLagoWebhook(writeEventsErrors(store, options), target),
    softDelete: (transactionId) => store.softDelete(transactionId),
    reset() {
      store.reset();
      invoicing.reset();
      subscriptions.reset();
      api.traffic.reset();
      api.faults.reset();
    },
  };
  return { api, sandbox };
}

type BillingHandles = Pick<
  LagoSandbox,
  'invoices' | 'closePeriods' | 'endSubscription' | 'upgradeSubscription'
>;

/** What a test does to bills, at the clock's now; what is due by then is billed first. */
function createBillingHandles(
  { store, options, plans, subscriptions, invoicing }: LagoParts,
  now: () => number,
): BillingHandles {
  return {
    invoices() {
      invoicing.catchUp(now());
      const instant = { options, plans, subscriptions: subscriptions.at(now()) };
      return findInvoices(store, invoicing, instant).map(toLagoInvoice);
    },
    closePeriods: (externalId) => invoicing.closeNow(now(), externalId),
    endSubscription(externalId) {
      invoicing.catchUp(now());
      const isEnded = subscriptions.end(externalId, now()) !== undefined;
      invoicing.catchUp(now());
      return isEnded;
    },
    upgradeSubscription(externalId, planCode) {
      invoicing.catchUp(now());
      const isUpgraded = subscriptions.upgrade(externalId, planCode, now());
      invoicing.catchUp(now());
      return isUpgraded;
    },
  };
}

function toLagoInvoice({ subscription, period, reason, fees }: Invoice): LagoInvoice {
  return {
    external_subscription_id: subscription.external_id,
    plan_code: subscription.plan_code,
    from: new Date(period.fromMs).toISOString(),
    to: new Date(period.toMs).toISOString(),
    reason,
    fees: fees.map(({ charge, filter, units, price }) => ({
      code: charge.billable_metric_code,
      ...(filter !== null && { filter: charge.filters![filter]!.values }),
      units,
      amount_cents: price.amountCents,
    })),
  };
}
