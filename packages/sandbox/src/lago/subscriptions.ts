import { type Answer, answerJson } from '../answer.js';
import { answerLagoNotFound } from './answers.js';
import { toBillingPeriod } from './billing-period.js';
import { lagoIdFor, toIsoMs, toIsoSeconds } from './event-json.js';
import type { LagoOptions, LagoSubscription } from './options.js';
import { answerPage } from './pages.js';
import type { LagoPlans } from './plans.js';

const LONG_AGO = '2020-01-01T00:00:00Z';
const DEFAULT_PLAN = 'sandbox';

/** A subscription of the options, with what they leave out. */
export type KnownSubscription = LagoSubscription &
  Required<Pick<LagoSubscription, 'external_customer_id' | 'plan_code' | 'status' | 'started_at'>>;

/** Read anew for each request: a holder of the list may assign a customer another subscription. */
export function readSubscriptions(options: LagoOptions): KnownSubscription[] {
  return (options.knownSubscriptions ?? []).map((known) => {
    const given: LagoSubscription = typeof known === 'string' ? { external_id: known } : known;
    return {
      ...given,
      external_customer_id: given.external_customer_id ?? given.external_id,
      plan_code: given.plan_code ?? DEFAULT_PLAN,
      status: given.status ?? 'active',
      started_at: given.started_at ?? LONG_AGO,
    };
  });
}

/** GET /subscriptions: active ones unless others are asked for, the newest first. */
export function listSubscriptions(options: LagoOptions, query: URLSearchParams, nowMs: number): Answer {
  const statuses = query.getAll('status[]');
  const found = readSubscriptions(options)
    .map((subscription) => toSubscriptionJson(subscription, nowMs))
    .filter(
      (item) =>
        (statuses.length === 0 ? item.status === 'active' : statuses.includes(item.status)) &&
        isAsked(query.get('external_customer_id'), item.external_customer_id) &&
        isAsked(query.get('plan_code'), item.plan_code) &&
        isAsked(query.get('external_id'), item.external_id),
    )
    .sort(
      (a, b) =>
        Date.parse(b.subscription_at) - Date.parse(a.subscription_at) ||
        Date.parse(b.created_at) - Date.parse(a.created_at),
    );
  return answerPage('subscriptions', found, query, (item) => item);
}

/** GET /subscriptions/{external_id}: the active one unless another status is asked for, with its plan. */
export function getSubscription(
  options: LagoOptions,
  plans: LagoPlans,
  { externalId, query, nowMs }: { externalId: string; query: URLSearchParams; nowMs: number },
): Answer {
  const status = query.get('status') ?? 'active';
  const found = readSubscriptions(options).find(
    (item) => item.external_id === externalId && item.status === status,
  );
  if (found === undefined) return answerLagoNotFound('subscription');
  const subscription = {
    ...toSubscriptionJson(found, nowMs),
    entitlements: [],
    plan: plans.find(found.plan_code),
    applicable_usage_thresholds: [],
    applied_invoice_custom_sections: [],
  };
  return answerJson(200, { subscription });
}

function isAsked(asked: string | null, actual: string): boolean {
  return asked === null || asked === actual;
}

/** In the shape of Lago 1.51.0. `started_at` has milliseconds, and no other time has. */
function toSubscriptionJson(given: KnownSubscription, nowMs: number) {
  const { status, started_at: startedAt, terminated_at: terminatedAt } = given;
  const startedMs = Date.parse(startedAt);
  const hasBegun = status !== 'pending';
  return {
    lago_id: lagoIdFor(`subscription ${given.external_id} ${startedAt}`),
    external_id: given.external_id,
    lago_customer_id: lagoIdFor(`customer ${given.external_customer_id}`),
    external_customer_id: given.external_customer_id,
    name: '',
    plan_code: given.plan_code,
    plan_amount_cents: given.plan_amount_cents ?? 0,
    plan_amount_currency: 'USD',
    status,
    billing_time: 'calendar',
    subscription_at: given.subscription_at ?? toIsoSeconds(startedMs),
    started_at: hasBegun ? toIsoMs(startedMs) : null,
    trial_ended_at: null,
    ending_at: null,
    terminated_at: terminatedAt === undefined ? null : toIsoSeconds(Date.parse(terminatedAt)),
    canceled_at: status === 'canceled' ? toIsoSeconds(startedMs) : null,
    created_at: toIsoSeconds(startedMs),
    previous_plan_code: given.previous_plan_code ?? null,
    next_plan_code: given.next_plan_code ?? null,
    downgrade_plan_date: given.downgrade_plan_date ?? null,
    ...toBillingPeriod({ startedAt, terminatedAt }, hasBegun ? nowMs : -Infinity),
    ...(given.current_billing_period_started_at !== undefined && {
      current_billing_period_started_at: given.current_billing_period_started_at,
    }),
    on_termination_credit_note: null,
    on_termination_invoice: 'generate',
    progressive_billing_disabled: false,
    consolidate_invoice: true,
    cancellation_reason: null,
    activated_at: hasBegun ? toIsoSeconds(startedMs) : null,
    payment_method: { payment_method_id: null, payment_method_type: 'provider' },
    activation_rules: [],
  };
}
