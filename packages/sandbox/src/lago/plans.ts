import { type Answer, answerJson } from '../answer.js';
import { answerLagoNotFound, LAGO_PLANS_FORBIDDEN } from './answers.js';
import { lagoIdFor } from './event-json.js';
import type { KnownSubscriptions } from './known-subscriptions.js';
import type { LagoCharge, LagoOptions, LagoPlan } from './options.js';
import { answerPage } from './pages.js';

const LONG_AGO = '2020-01-01T00:00:00Z';

export type LagoPlans = {
  list: (query: URLSearchParams) => Answer;
  get: (code: string) => Answer;
  /** A plan as a subscription shows it; one without charges where nothing is known of it. */
  find: (code: string) => object;
  chargesOf: (code: string) => readonly LagoCharge[];
};

/**
 * The plans of the options; without any, each plan that a subscription names charges every metric alike.
 * Where not even metrics are known, the key may not read plans: see the metrics.
 */
export function createPlans(options: LagoOptions, subscriptions: KnownSubscriptions): LagoPlans {
  const read = (): Record<string, LagoPlan> => options.plans ?? toDefaultPlans(options, subscriptions);
  const isKnown = options.plans !== undefined || options.metrics !== undefined;
  return {
    list(query) {
      if (!isKnown) return LAGO_PLANS_FORBIDDEN;
      return answerPage('plans', Object.entries(read()).reverse(), query, ([code, plan]) => ({
        ...toPlanJson(code, plan),
        entitlements: [],
      }));
    },
    get(code) {
      if (!isKnown) return LAGO_PLANS_FORBIDDEN;
      const plans = read();
      if (!Object.hasOwn(plans, code)) return answerLagoNotFound('plan');
      return answerJson(200, {
        plan: { ...toPlanJson(code, plans[code]!), fixed_charges: [], entitlements: [] },
      });
    },
    find: (code) => toPlanJson(code, read()[code] ?? { charges: [] }),
    chargesOf: (code) => read()[code]?.charges ?? [],
  };
}

function toDefaultPlans(options: LagoOptions, subscriptions: KnownSubscriptions): Record<string, LagoPlan> {
  const charges = Object.keys(options.metrics ?? {}).map((code) => ({ billable_metric_code: code }));
  return Object.fromEntries(subscriptions.planCodes().map((code) => [code, { charges }]));
}

function toPlanJson(code: string, plan: LagoPlan) {
  return {
    lago_id: lagoIdFor(`plan ${code}`),
    name: plan.name ?? code,
    invoice_display_name: null,
    created_at: LONG_AGO,
    code,
    interval: 'monthly',
    description: null,
    amount_cents: plan.amount_cents ?? 0,
    amount_currency: 'USD',
    trial_period: null,
    pay_in_advance: false,
    bill_charges_monthly: null,
    bill_fixed_charges_monthly: null,
    customers_count: 0,
    active_subscriptions_count: 0,
    draft_invoices_count: 0,
    parent_id: null,
    pending_deletion: false,
    charges: plan.charges.map((charge) => toChargeJson(code, charge)),
    usage_thresholds: [],
    applicable_usage_thresholds: [],
    taxes: [],
  };
}

function toChargeJson(planCode: string, charge: LagoCharge) {
  const { billable_metric_code: metricCode } = charge;
  return {
    lago_id: lagoIdFor(`charge ${planCode} ${metricCode}`),
    lago_billable_metric_id: lagoIdFor(`metric ${metricCode}`),
    code: metricCode,
    invoice_display_name: null,
    billable_metric_code: metricCode,
    created_at: LONG_AGO,
    charge_model: charge.charge_model ?? 'standard',
    invoiceable: true,
    regroup_paid_fees: null,
    pay_in_advance: charge.pay_in_advance ?? false,
    prorated: false,
    min_amount_cents: 0,
    accepts_target_wallet: false,
    properties: charge.properties ?? { amount: '1' },
    applied_pricing_unit: null,
    lago_parent_id: null,
    filters: (charge.filters ?? []).map(({ values, properties }) => ({
      invoice_display_name: null,
      properties,
      values,
    })),
    taxes: [],
  };
}
