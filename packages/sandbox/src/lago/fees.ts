import { type Answer, type ApiRequest, answerJson, isObject, parseJson } from '../answer.js';
import { answerLagoInvalid, answerLagoNotFound, LAGO_BAD_REQUEST } from './answers.js';
import { lagoIdFor } from './event-json.js';
import type { LagoCharge, LagoMetric, LagoOptions } from './options.js';
import { answerPage } from './pages.js';
import type { LagoPlans } from './plans.js';
import { priceUnits, showWithPoint } from './price.js';
import type { LagoStore } from './store.js';
import { type KnownSubscription, readSubscriptions } from './subscriptions.js';

type Reading = { store: LagoStore; options: LagoOptions; plans: LagoPlans };

/** What one event comes to under a charge that is paid in advance. */
type InstantFee = {
  subscription: KnownSubscription;
  charge: LagoCharge;
  metric: LagoMetric;
  units: string;
  transactionId: string | null;
  timestampMs: number;
};

/**
 * GET /fees: one for each event of a charge that is paid in advance, at once. What is paid in arrears has its
 * fee on an invoice, and there are no invoices here.
 */
export function listFees(query: URLSearchParams, { store, options, plans }: Reading): Answer {
  const { ledger } = store;
  const transactionId = query.get('event_transaction_id');
  const externalId = query.get('external_subscription_id');
  const rows: number[] = [];
  if (transactionId === null) for (let row = 0; row < ledger.size; row += 1) rows.push(row);
  else for (let row = ledger.first(transactionId); row >= 0; row = ledger.next(row)) rows.push(row);
  const fees = rows
    .filter((row) => store.isBillable(row))
    .map((row) => {
      const code = ledger.codes.nameOf(ledger.columns.code[row]!);
      const owner = ledger.owners.nameOf(ledger.columns.owner[row]!);
      const timestampMs = ledger.columns.timestampMs[row]!;
      const found = findInstantCharge({ code, owner, timestampMs }, { options, plans });
      if (found === undefined || (externalId !== null && externalId !== owner)) return undefined;
      const units = toUnits(found.metric, store.amounts[row]);
      return { ...found, units, transactionId: ledger.idOf(row), timestampMs };
    })
    .filter((fee) => fee !== undefined);
  return answerPage('fees', fees, query, toFeeJson);
}

/** POST /events/estimate_fees and estimate_instant_fees: a dry run, of charges paid in advance only. */
export function estimateFees(
  request: ApiRequest,
  { options, plans, nowMs }: Pick<Reading, 'options' | 'plans'> & { nowMs: number },
): Answer {
  const parsed = parseJson(request.body);
  if (!parsed.ok) return LAGO_BAD_REQUEST;
  const event = isObject(parsed.value) && isObject(parsed.value.event) ? parsed.value.event : {};
  const owner = String(event.external_subscription_id);
  const code = String(event.code);
  if (!readSubscriptions(options).some((item) => item.external_id === owner))
    return answerLagoNotFound('subscription');
  const found = findInstantCharge({ code, owner, timestampMs: nowMs }, { options, plans });
  if (found === undefined) return answerLagoInvalid({ code: ['does_not_match_an_instant_charge'] });
  const properties = isObject(event.properties) ? event.properties : {};
  const units = toUnits(found.metric, properties[found.metric.field ?? '']);
  const fee = toFeeJson({ ...found, units, transactionId: null, timestampMs: nowMs });
  return answerJson(200, { fees: [{ ...fee, lago_id: null }] });
}

function findInstantCharge(
  event: { code: string | null; owner: string | null; timestampMs: number },
  { options, plans }: Pick<Reading, 'options' | 'plans'>,
): Pick<InstantFee, 'subscription' | 'charge' | 'metric'> | undefined {
  const metric = options.metrics?.[event.code ?? ''];
  if (metric === undefined) return undefined;
  const subscription = readSubscriptions(options).find(
    ({ external_id, started_at, terminated_at }) =>
      external_id === event.owner &&
      Date.parse(started_at) <= event.timestampMs &&
      (terminated_at === undefined || event.timestampMs <= Date.parse(terminated_at)),
  );
  const charge = plans
    .chargesOf(subscription?.plan_code ?? '')
    .find((item) => item.billable_metric_code === event.code && item.pay_in_advance === true);
  return subscription && charge && { subscription, charge, metric };
}

/** What one event adds: its value where values are added up, else one. */
function toUnits({ aggregation }: LagoMetric, amount: unknown): string {
  return aggregation === 'sum_agg' ? String(amount) : '1';
}

function toFeeJson({ subscription, charge, metric, units, transactionId, timestampMs }: InstantFee) {
  const { billable_metric_code: code } = charge;
  const { external_id: externalId, external_customer_id: customer, plan_code: planCode } = subscription;
  const price = priceUnits(charge, units);
  return {
    lago_id: lagoIdFor(`fee ${externalId} ${transactionId}`),
    lago_charge_id: lagoIdFor(`charge ${planCode} ${code}`),
    lago_charge_filter_id: null,
    lago_fixed_charge_id: null,
    // Such a fee has an invoice of its own at once.
    lago_invoice_id: transactionId === null ? null : lagoIdFor(`invoice ${externalId} ${transactionId}`),
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
      filters: null,
      filter_invoice_display_name: null,
      lago_item_id: lagoIdFor(`metric ${code}`),
      item_type: 'BillableMetric',
      grouped_by: {},
    },
    pay_in_advance: true,
    invoiceable: true,
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
    description: null,
    precise_unit_amount: price.unitAmount,
    precise_coupons_amount_cents: '0.0',
    sub_total_excluding_taxes_amount_cents: price.amountCents,
    sub_total_excluding_taxes_precise_amount_cents: price.amountCentsExact,
    events_count: 1,
    payment_status: 'pending',
    created_at: new Date(timestampMs).toISOString(),
    succeeded_at: null,
    failed_at: null,
    refunded_at: null,
    amount_details: {},
    self_billed: false,
    pricing_unit_details: null,
    presentation_breakdowns: [],
    ...toMonth(timestampMs),
    event_transaction_id: transactionId,
    applied_taxes: [],
  };
}

/** The calendar month of the event, however late it came. */
function toMonth(timestampMs: number): { from_date: string; to_date: string } {
  const at = new Date(timestampMs);
  const start = Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), 1);
  const end = Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 1) - 1000;
  const show = (ms: number) => `${new Date(ms).toISOString().slice(0, 19)}+00:00`;
  return { from_date: show(start), to_date: show(end) };
}
