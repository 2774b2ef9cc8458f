import { type Answer, answerJson } from '../answer.js';
import { sumDecimals } from '../decimal-sum.js';
import { answerLagoNotFound, LAGO_INTERNAL_ERROR, LAGO_NO_SUBSCRIPTION } from './answers.js';
import type { Period } from './billing-period.js';
import { lagoIdFor, toIsoSeconds } from './event-json.js';
import type { Invoice } from './invoices.js';
import type { ChargeUsage, Invoicing } from './invoicing.js';
import type { KnownSubscription } from './known-subscriptions.js';
import { answerPage } from './pages.js';
import { showWithPoint } from './price.js';
import type { LagoStore } from './store.js';

type Reading = {
  store: LagoStore;
  invoicing: Invoicing;
  subscriptions: readonly KnownSubscription[];
  nowMs: number;
};

/** GET /customers/{external_id}/current_usage, without the lag of Lago's cache. */
export function getCurrentUsage(customer: string, query: URLSearchParams, reading: Reading): Answer {
  const { store, invoicing, subscriptions, nowMs } = reading;
  if (!hasCustomer(subscriptions, customer)) return answerLagoNotFound('resource');
  const externalId = query.get('external_subscription_id');
  const subscription = subscriptions.find(
    (item) =>
      item.external_customer_id === customer && item.external_id === externalId && item.status === 'active',
  );
  const period = subscription && invoicing.periodOf(subscription, nowMs);
  if (subscription === undefined || !period) return LAGO_NO_SUBSCRIPTION;
  const events = store.usageOf(subscription.external_id);
  // One amount that is not a number, and Lago cannot add up.
  const isBroken = events.some(
    ({ amountCents, timestampMs }) =>
      amountCents === 'NaN' && period.fromMs <= timestampMs && timestampMs <= period.toMs,
  );
  if (isBroken) return LAGO_INTERNAL_ERROR;
  const code = query.get('billable_metric_code');
  const usage = invoicing
    .usageOf(subscription, period, events)
    .filter(({ charge }) => code === null || charge.billable_metric_code === code);
  return answerJson(200, {
    customer_usage: toUsageJson(usage, { subscription, period, invoiceId: null }),
  });
}

/** GET /customers/{external_id}/past_usage: the periods that were billed, the newest first. */
export function listPastUsage(
  customer: string,
  query: URLSearchParams,
  { invoicing, invoices, subscriptions }: Reading & { invoices: readonly Invoice[] },
): Answer {
  if (!hasCustomer(subscriptions, customer)) return answerLagoNotFound('resource');
  const externalId = query.get('external_subscription_id');
  const closed = invoicing.closed
    .filter(
      ({ subscription }) =>
        subscription.external_customer_id === customer && subscription.external_id === externalId,
    )
    .toReversed();
  return answerPage('usage_periods', closed, query, ({ usage, subscription, period }) => {
    const invoice = invoices.find((item) => item.period === period);
    return toUsageJson(usage, { subscription, period, invoiceId: invoice?.id ?? null });
  });
}

function hasCustomer(subscriptions: readonly KnownSubscription[], customer: string): boolean {
  return subscriptions.some((item) => item.external_customer_id === customer);
}

function toUsageJson(
  usage: readonly ChargeUsage[],
  {
    subscription,
    period,
    invoiceId,
  }: { subscription: KnownSubscription; period: Period; invoiceId: string | null },
) {
  const charges = usage
    .toSorted((a, b) => (a.charge.billable_metric_code < b.charge.billable_metric_code ? -1 : 1))
    .map((charge) => toChargeUsage(charge, subscription.plan_code));
  const amountCents = charges.reduce((sum, { amount_cents }) => sum + amount_cents, 0);
  const toDatetime = toIsoSeconds(period.toMs);
  return {
    from_datetime: toIsoSeconds(period.fromMs),
    to_datetime: toDatetime,
    issuing_date: toDatetime.slice(0, 10),
    currency: 'USD',
    amount_cents: amountCents,
    total_amount_cents: amountCents,
    taxes_amount_cents: 0,
    lago_invoice_id: invoiceId,
    charges_usage: charges,
  };
}

function toChargeUsage({ charge, metric, buckets }: ChargeUsage, planCode: string) {
  const { billable_metric_code: code } = charge;
  const filters = buckets.filter(({ filter }) => filter !== null);
  return {
    ...sumUp(buckets),
    amount_currency: 'USD',
    pricing_unit_details: null,
    charge: {
      lago_id: lagoIdFor(`charge ${planCode} ${code}`),
      code,
      charge_model: charge.charge_model ?? 'standard',
      invoice_display_name: null,
    },
    billable_metric: {
      lago_id: lagoIdFor(`metric ${code}`),
      name: metric.name ?? code,
      code,
      aggregation_type: metric.aggregation,
    },
    // What no filter takes is in the sums only.
    filters: filters.map((bucket) => ({
      ...sumUp([bucket]),
      pricing_unit_details: null,
      invoice_display_name: null,
      values: charge.filters![bucket.filter!]!.values,
      presentation_breakdowns: [],
    })),
    grouped_usage: [],
    presentation_breakdowns: [],
  };
}

function sumUp(buckets: ChargeUsage['buckets']) {
  const units = showWithPoint(sumDecimals(buckets.map((bucket) => bucket.units)));
  return {
    units,
    total_aggregated_units: units,
    events_count: buckets.reduce((sum, { eventsCount }) => sum + eventsCount, 0),
    amount_cents: buckets.reduce((sum, { price }) => sum + price.amountCents, 0),
  };
}
