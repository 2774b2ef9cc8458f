import { type Answer, type ApiRequest, answerJson, isObject, parseJson } from '../answer.js';
import { answerLagoInvalid, answerLagoNotFound, LAGO_BAD_REQUEST } from './answers.js';
import { findFilter, isRemoval, type UsageEvent } from './bill.js';
import { isWithin, periodAt } from './billing-period.js';
import { lagoIdFor } from './event-json.js';
import { type Fee, toFeeJson } from './fee-json.js';
import type { KnownSubscription } from './known-subscriptions.js';
import type { LagoCharge, LagoMetric, LagoOptions } from './options.js';
import type { LagoPlans } from './plans.js';
import { priceDynamic, priceUnits } from './price.js';
import type { LagoStore } from './store.js';

export type Instant = { options: LagoOptions; plans: LagoPlans; subscriptions: readonly KnownSubscription[] };

type InstantCharge = { subscription: KnownSubscription; charge: LagoCharge; metric: LagoMetric };

/**
 * One fee for each event of a charge that is paid in advance, as it comes and however late; a value that a unique
 * count holds already is worth nothing. In order of arrival.
 */
export function findInstantFees(store: LagoStore, instant: Instant): Fee[] {
  const { ledger } = store;
  const held = new Map<string, boolean>();
  const fees: Fee[] = [];
  for (let row = 0; row < ledger.size; row += 1) {
    if (!store.isBillable(row)) continue;
    const owner = ledger.owners.nameOf(ledger.columns.owner[row]!);
    const event = store.usageAt(row);
    const found = findInstantCharge({ ...event, owner }, instant);
    if (found === undefined) continue;
    const transactionId = ledger.idOf(row);
    fees.push({
      ...found,
      ...priceEvent(event, found, toUnits(event, found, held)),
      period: periodAt(found.subscription.life, event.timestampMs),
      createdMs: ledger.columns.firstReceivedAtMs[row]!,
      // Such a fee has an invoice of its own.
      invoiceId: lagoIdFor(`invoice ${owner} ${transactionId}`),
      transactionId,
    });
  }
  return fees;
}

/** POST /events/estimate_fees and estimate_instant_fees: a dry run, of charges paid in advance only. */
export function estimateFees(request: ApiRequest, instant: Instant, nowMs: number): Answer {
  const parsed = parseJson(request.body);
  if (!parsed.ok) return LAGO_BAD_REQUEST;
  const input = isObject(parsed.value) && isObject(parsed.value.event) ? parsed.value.event : {};
  const owner = String(input.external_subscription_id);
  if (!instant.subscriptions.some((item) => item.external_id === owner))
    return answerLagoNotFound('subscription');
  const properties = isObject(input.properties) ? input.properties : {};
  const event: UsageEvent = { code: String(input.code), timestampMs: nowMs, properties, amountCents: null };
  const found = findInstantCharge({ ...event, owner }, instant);
  if (found === undefined) return answerLagoInvalid({ code: ['does_not_match_an_instant_charge'] });
  const fee = toFeeJson({
    ...found,
    ...priceEvent(event, found, toUnits(event, found, new Map())),
    period: periodAt(found.subscription.life, nowMs),
    createdMs: nowMs,
    invoiceId: null,
    transactionId: null,
  });
  return answerJson(200, { fees: [{ ...fee, lago_id: null }] });
}

function findInstantCharge(
  event: { code: string | null; owner: string | null; timestampMs: number },
  { options, plans, subscriptions }: Instant,
): InstantCharge | undefined {
  const metric = options.metrics?.[event.code ?? ''];
  if (metric === undefined) return undefined;
  const subscription = subscriptions.find(
    ({ external_id, life }) => external_id === event.owner && isWithin(event.timestampMs, life),
  );
  const charge = plans
    .chargesOf(subscription?.plan_code ?? '')
    .find((item) => item.billable_metric_code === event.code && item.pay_in_advance === true);
  return subscription && charge && { subscription, charge, metric };
}

/**
 * What one event adds: its value where values are added up, else one.
 * @param held values that unique counts hold, by subscription and metric; changed by what the event does. A number
 *   and its text are two here, though one in the usage.
 */
function toUnits(
  { properties, code }: UsageEvent,
  { subscription, metric }: InstantCharge,
  held: Map<string, boolean>,
): string {
  const value = properties[metric.field ?? ''];
  if (metric.aggregation === 'sum_agg') return String(value);
  if (metric.aggregation !== 'unique_count_agg') return '1';
  const key = JSON.stringify([subscription.external_id, subscription.started_at, code, value]);
  const isNew = !isRemoval(properties) && held.get(key) !== true;
  held.set(key, !isRemoval(properties));
  return isNew ? '1' : '0';
}

function priceEvent(
  { properties, amountCents }: UsageEvent,
  { charge, metric }: InstantCharge,
  units: string,
): Pick<Fee, 'filter' | 'units' | 'eventsCount' | 'price'> {
  const filter = findFilter(properties, charge.filters ?? [], metric);
  const price =
    charge.charge_model === 'dynamic'
      ? priceDynamic([amountCents], units)
      : priceUnits(filter === null ? charge.properties : charge.filters![filter]!.properties, units);
  return { filter, units, eventsCount: 1, price };
}
