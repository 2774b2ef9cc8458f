import type { Period } from './billing-period.js';
import { lagoIdFor, toIsoSeconds } from './event-json.js';
import type { KnownSubscription } from './known-subscriptions.js';
import type { LagoCharge, LagoMetric } from './options.js';
import { type Price, showWithPoint } from './price.js';

/** One line of a bill. */
export type Fee = {
  subscription: KnownSubscription;
  charge: LagoCharge;
  metric: LagoMetric;
  /** The place of the charge's filter that it is of; null where it is of no filter. */
  filter: number | null;
  units: string;
  eventsCount: number;
  price: Price;
  period: Period;
  createdMs: number;
  /** The invoice that it is on; null for an estimate. */
  invoiceId: string | null;
  /** Of a charge that is paid in advance: the event that it is for; null for an estimate. */
  transactionId?: string | null;
};

/** A fee in the shape of Lago 1.51.0. */
export function toFeeJson(fee: Fee) {
  const { subscription, charge, metric, filter, price, transactionId, createdMs } = fee;
  const { billable_metric_code: code } = charge;
  const { external_id: externalId, external_customer_id: customer, plan_code: planCode } = subscription;
  return {
    lago_id: lagoIdFor(`fee ${fee.invoiceId} ${code} ${filter}`),
    lago_charge_id: lagoIdFor(`charge ${planCode} ${code}`),
    lago_charge_filter_id: filter === null ? null : lagoIdFor(`filter ${planCode} ${code} ${filter}`),
    lago_fixed_charge_id: null,
    lago_invoice_id: fee.invoiceId,
    lago_true_up_fee_id: null,
    lago_true_up_parent_fee_id: null,
    lago_original_fee_id: null,
    lago_subscription_id: lagoIdFor(`subscription ${externalId} ${subscription.started_at}`),
    external_subscription_id: externalId,
    lago_customer_id: lagoIdFor(`customer ${customer}`),
    external_customer_id: customer,
    item: {
      type: 'charge',
      code,
      name: metric.name ?? code,
      description: null,
      invoice_display_name: metric.name ?? code,
      filters: filter === null ? null : charge.filters![filter]!.values,
      filter_invoice_display_name: null,
      lago_item_id: lagoIdFor(`metric ${code}`),
      item_type: 'BillableMetric',
      grouped_by: {},
    },
    pay_in_advance: transactionId !== undefined,
    invoiceable: true,
    ...toAmounts(fee),
    description: null,
    precise_unit_amount: price.unitAmount,
    precise_coupons_amount_cents: '0.0',
    sub_total_excluding_taxes_amount_cents: price.amountCents,
    sub_total_excluding_taxes_precise_amount_cents: price.amountCentsExact,
    events_count: fee.eventsCount,
    payment_status: 'pending',
    created_at: toIsoSeconds(createdMs),
    succeeded_at: null,
    failed_at: null,
    refunded_at: null,
    amount_details: {},
    self_billed: false,
    pricing_unit_details: null,
    presentation_breakdowns: [],
    from_date: toDate(fee.period.fromMs),
    to_date: toDate(fee.period.toMs),
    ...(transactionId !== undefined && { event_transaction_id: transactionId }),
    applied_taxes: [],
  };
}

function toAmounts({ price, units }: Fee) {
  return {
    amount_cents: price.amountCents,
    amount_currency: 'USD',
    precise_amount: price.amount,
    precise_total_amount: price.amount,
    taxes_amount_cents: 0,
    taxes_precise_amount: '0.0',
    taxes_rate: 0,
    total_aggregated_units: showWithPoint(units),
    total_amount_cents: price.amountCents,
    total_amount_currency: 'USD',
    units: showWithPoint(units),
  };
}

/** The ends of a period as fees write them: `2026-10-31T23:59:59+00:00`. */
function toDate(ms: number): string {
  return toIsoSeconds(ms).replace('Z', '+00:00');
}
