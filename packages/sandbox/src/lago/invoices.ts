import { type Answer, answerJson } from '../answer.js';
import { answerLagoNotFound } from './answers.js';
import type { Period } from './billing-period.js';
import { lagoIdFor, toIsoSeconds } from './event-json.js';
import { type Fee, toFeeJson } from './fee-json.js';
import { findInstantFees, type Instant } from './instant-fees.js';
import type { ClosedPeriod, Invoicing } from './invoicing.js';
import { type KnownSubscription, keyOf } from './known-subscriptions.js';
import { answerPage } from './pages.js';
import type { LagoStore } from './store.js';
import { toSubscriptionJson } from './subscriptions.js';

export type Invoice = {
  id: string;
  subscription: KnownSubscription;
  period: Period;
  atMs: number;
  reason: ClosedPeriod['reason'] | 'in_advance_charge';
  fees: Fee[];
};

/** All invoices, the oldest first: one for each closed period, one for each event that is paid in advance. */
export function findInvoices(store: LagoStore, invoicing: Invoicing, instant: Instant): Invoice[] {
  const ofPeriods = invoicing.closed.map(toInvoice);
  const ofEvents = findInstantFees(store, instant).map(
    (fee): Invoice => ({
      id: fee.invoiceId!,
      subscription: fee.subscription,
      period: fee.period,
      atMs: fee.createdMs,
      reason: 'in_advance_charge',
      fees: [fee],
    }),
  );
  return [...ofPeriods, ...ofEvents].toSorted((a, b) => a.atMs - b.atMs);
}

/** GET /fees: what is on invoices, the oldest first. Every fee is of a charge: no plan has a price of its own here. */
export function listFees(query: URLSearchParams, invoices: readonly Invoice[]): Answer {
  const asked: [string, (fee: Fee) => unknown][] = [
    ['event_transaction_id', ({ transactionId }) => transactionId],
    ['external_subscription_id', ({ subscription }) => subscription.external_id],
    ['external_customer_id', ({ subscription }) => subscription.external_customer_id],
    ['billable_metric_code', ({ charge }) => charge.billable_metric_code],
    ['fee_type', () => 'charge'],
  ];
  const fees = invoices
    .flatMap((invoice) => invoice.fees)
    .filter((fee) => asked.every(([name, read]) => !query.has(name) || query.get(name) === read(fee)));
  return answerPage('fees', fees, query, toFeeJson);
}

/** GET /invoices, the newest first, without their fees. */
export function listInvoices(query: URLSearchParams, invoices: readonly Invoice[]): Answer {
  const customer = query.get('external_customer_id');
  const asked = invoices
    .filter(({ subscription }) => customer === null || subscription.external_customer_id === customer)
    .toReversed();
  return answerPage('invoices', asked, query, toInvoiceJson);
}

/** GET /invoices/{lago_id}, with its fees. */
export function getInvoice(id: string, invoices: readonly Invoice[], periodOf: PeriodOf): Answer {
  const invoice = invoices.find((item) => item.id === id);
  if (invoice === undefined) return answerLagoNotFound('invoice');
  const { subscription, fees } = invoice;
  return answerJson(200, {
    invoice: {
      ...toInvoiceJson(invoice),
      subscriptions: [toSubscriptionJson(subscription, periodOf(subscription))],
      billing_periods: [toBillingPeriodJson(invoice)],
      fees: fees.map(toFeeJson),
      credits: [],
      error_details: [],
    },
  });
}

type PeriodOf = (subscription: KnownSubscription) => Period | null;

/** A charge that came to nothing has no fee, and one that is paid in advance has had its fees. */
function toInvoice({ subscription, period, atMs, reason, usage }: ClosedPeriod): Invoice {
  const id = lagoIdFor(`invoice ${keyOf(subscription)} ${period.fromMs}`);
  const fees = usage
    .filter(({ charge }) => charge.pay_in_advance !== true)
    .flatMap(({ charge, metric, buckets }) =>
      buckets
        .filter(({ units }) => Number(units) !== 0)
        .map(
          (bucket): Fee => ({
            subscription,
            charge,
            metric,
            ...bucket,
            period,
            createdMs: atMs,
            invoiceId: id,
          }),
        ),
    );
  return { id, subscription, period, atMs, reason, fees };
}

/** In the shape that Lago documents: there is no recorded one. */
function toInvoiceJson({ id, subscription, atMs, fees }: Invoice) {
  const amountCents = fees.reduce((sum, { price }) => sum + price.amountCents, 0);
  const date = toIsoSeconds(atMs).slice(0, 10);
  return {
    lago_id: id,
    billing_entity_code: 'sandbox',
    number: `SAN-0001-${id.slice(-6)}`,
    issuing_date: date,
    payment_due_date: date,
    net_payment_term: 0,
    invoice_type: 'subscription',
    status: 'finalized',
    payment_status: 'pending',
    payment_overdue: false,
    currency: 'USD',
    fees_amount_cents: amountCents,
    taxes_amount_cents: 0,
    progressive_billing_credit_amount_cents: 0,
    coupons_amount_cents: 0,
    credit_notes_amount_cents: 0,
    sub_total_excluding_taxes_amount_cents: amountCents,
    sub_total_including_taxes_amount_cents: amountCents,
    total_amount_cents: amountCents,
    prepaid_credit_amount_cents: 0,
    version_number: 4,
    self_billed: false,
    created_at: toIsoSeconds(atMs),
    updated_at: toIsoSeconds(atMs),
    customer: {
      lago_id: lagoIdFor(`customer ${subscription.external_customer_id}`),
      sequential_id: 1,
      slug: 'SAN-0001-001',
      external_id: subscription.external_customer_id,
      applicable_timezone: 'UTC',
      created_at: toIsoSeconds(subscription.life.startedMs),
    },
    metadata: [],
    applied_taxes: [],
    applied_invoice_custom_sections: [],
  };
}

function toBillingPeriodJson({ subscription, period, reason }: Invoice) {
  const from = toIsoSeconds(period.fromMs);
  const to = toIsoSeconds(period.toMs);
  return {
    lago_subscription_id: lagoIdFor(`subscription ${subscription.external_id} ${subscription.started_at}`),
    external_subscription_id: subscription.external_id,
    lago_plan_id: lagoIdFor(`plan ${subscription.plan_code}`),
    subscription_from_datetime: from,
    subscription_to_datetime: to,
    charges_from_datetime: from,
    charges_to_datetime: to,
    invoicing_reason: reason,
  };
}
