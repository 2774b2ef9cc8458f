import { type Answer, answerJson } from '../answer.js';
import { answerLagoNotFound, LAGO_INTERNAL_ERROR, LAGO_NO_SUBSCRIPTION } from './answers.js';
import { type BilledUsage, computeBilled } from './billed.js';
import { toBillingPeriod } from './billing-period.js';
import { lagoIdFor } from './event-json.js';
import type { LagoCharge, LagoOptions } from './options.js';
import { answerPage } from './pages.js';
import type { LagoPlans } from './plans.js';
import { priceUnits, showWithPoint } from './price.js';
import type { LagoContent, LagoStore } from './store.js';
import { type KnownSubscription, readSubscriptions } from './subscriptions.js';

type Reading = { store: LagoStore; options: LagoOptions; plans: LagoPlans; nowMs: number };

/** GET /customers/{external_id}/current_usage, without the lag of Lago's cache. */
export function getCurrentUsage(customer: string, query: URLSearchParams, reading: Reading): Answer {
  const { options, plans, nowMs } = reading;
  const subscription = findSubscription(options, customer, query);
  if ('body' in subscription) return subscription;
  const period = toBillingPeriod(
    { startedAt: subscription.started_at, terminatedAt: subscription.terminated_at },
    nowMs,
  );
  const fromDatetime = period.current_billing_period_started_at!;
  const toDatetime = period.current_billing_period_ending_at!;
  const rows = findRows(
    reading.store,
    subscription.external_id,
    Date.parse(fromDatetime),
    Date.parse(toDatetime) + 999,
  );
  // One amount that is not a number, and Lago cannot add up.
  if (rows.some((row) => isNaNAmount(reading.store, row))) return LAGO_INTERNAL_ERROR;
  const wanted = new Set(rows);
  const billed = computeBilled(reading.store, options.metrics ?? {}, (row) => wanted.has(row));
  const code = query.get('billable_metric_code');
  const charges = plans
    .chargesOf(subscription.plan_code)
    .filter((charge) => code === null || charge.billable_metric_code === code)
    .toSorted((a, b) => (a.billable_metric_code < b.billable_metric_code ? -1 : 1))
    .map((charge) => toChargeUsage(charge, subscription, billed, options));
  const amountCents = charges.reduce((sum, { amount_cents }) => sum + amount_cents, 0);
  return answerJson(200, {
    customer_usage: {
      from_datetime: fromDatetime,
      to_datetime: toDatetime,
      issuing_date: toDatetime.slice(0, 10),
      currency: 'USD',
      amount_cents: amountCents,
      total_amount_cents: amountCents,
      taxes_amount_cents: 0,
      lago_invoice_id: null,
      charges_usage: charges,
    },
  });
}

/** GET /customers/{external_id}/past_usage: nothing is ever invoiced here. */
export function listPastUsage(customer: string, query: URLSearchParams, options: LagoOptions): Answer {
  if (!hasCustomer(options, customer)) return answerLagoNotFound('resource');
  return answerPage('usage_periods', [], query, (period) => period);
}

function findSubscription(
  options: LagoOptions,
  customer: string,
  query: URLSearchParams,
): KnownSubscription | Answer {
  if (!hasCustomer(options, customer)) return answerLagoNotFound('resource');
  const externalId = query.get('external_subscription_id');
  const found = readSubscriptions(options).find(
    (item) =>
      item.external_customer_id === customer && item.external_id === externalId && item.status === 'active',
  );
  return found ?? LAGO_NO_SUBSCRIPTION;
}

function hasCustomer(options: LagoOptions, customer: string): boolean {
  return readSubscriptions(options).some((item) => item.external_customer_id === customer);
}

function findRows({ ledger }: LagoStore, externalId: string, fromMs: number, toMs: number): number[] {
  const owner = ledger.owners.find(externalId);
  const rows: number[] = [];
  for (let row = 0; row < ledger.size; row += 1) {
    const timestampMs = ledger.columns.timestampMs[row]!;
    if (ledger.columns.owner[row] === owner && timestampMs >= fromMs && timestampMs <= toMs) rows.push(row);
  }
  return rows;
}

function isNaNAmount({ ledger }: LagoStore, row: number): boolean {
  return (ledger.contentOf(row) as LagoContent | undefined)?.precise_total_amount_cents === 'NaN';
}

function toChargeUsage(
  charge: LagoCharge,
  { external_id: externalId, plan_code: planCode }: KnownSubscription,
  billed: readonly BilledUsage[],
  options: LagoOptions,
) {
  const { billable_metric_code: code } = charge;
  const usage = billed.find((item) => item.code === code && item.external_subscription_id === externalId);
  const metric = options.metrics?.[code];
  const units = usage?.units ?? '0';
  return {
    units: showWithPoint(units),
    total_aggregated_units: showWithPoint(units),
    events_count: usage?.unique ?? usage?.events ?? 0,
    amount_cents: priceUnits(charge, units).amountCents,
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
      name: metric?.name ?? code,
      code,
      aggregation_type: metric?.aggregation ?? 'count_agg',
    },
    filters: [],
    grouped_usage: [],
    presentation_breakdowns: [],
  };
}
