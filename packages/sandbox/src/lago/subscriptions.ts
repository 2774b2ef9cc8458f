import { type Answer, answerJson } from '../answer.js';
import { answerLagoNotFound } from './answers.js';
import { type Period, showPeriod } from './billing-period.js';
import { lagoIdFor, toIsoMs, toIsoSeconds } from './event-json.js';
import type { KnownSubscription } from './known-subscriptions.js';
import { answerPage } from './pages.js';
import type { LagoPlans } from './plans.js';

/** GET /subscriptions: active ones unless others are asked for, the newest first. */
export function listSubscriptions(query: URLSearchParams, { subscriptions, periodOf }: Reading): Answer {
  const statuses = query.getAll('status[]');
  const found = subscriptions
    .map((subscription) => toSubscriptionJson(subscription, periodOf(subscription)))
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
  externalId: string,
  query: URLSearchParams,
  { subscriptions, periodOf, plans }: Reading & { plans: LagoPlans },
): Answer {
  const status = query.get('status') ?? 'active';
  const found = subscriptions.find((item) => item.external_id === externalId && item.status === status);
  if (found === undefined) return answerLagoNotFound('subscription');
  return answerJson(200, { subscription: toWholeJson(found, periodOf(found), plans) });
}

/** A subscription that is answered alone, with its plan. */
export function toWholeJson(subscription: KnownSubscription, period: Period | null, plans: LagoPlans) {
  return {
    ...toSubscriptionJson(subscription, period),
    entitlements: [],
    plan: plans.find(subscription.plan_code),
    applicable_usage_thresholds: [],
    applied_invoice_custom_sections: [],
  };
}

type Reading = {
  subscriptions: readonly KnownSubscription[];
  periodOf: (subscription: KnownSubscription) => Period | null;
};

function isAsked(asked: string | null, actual: string): boolean {
  return asked === null || asked === actual;
}

/** In the shape of Lago 1.51.0. `started_at` has milliseconds, and no other time has. */
export function toSubscriptionJson(given: KnownSubscription, period: Period | null) {
  const { status, started_at: startedAt } = given;
  const { startedMs } = given.life;
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
    subscription_at: toIsoSeconds(Date.parse(given.subscription_at ?? startedAt)),
    started_at: hasBegun ? toIsoMs(startedMs) : null,
    trial_ended_at: null,
    ending_at: given.ending_at === undefined ? null : toIsoSeconds(Date.parse(given.ending_at)),
    terminated_at: given.terminated_at === undefined ? null : toIsoSeconds(Date.parse(given.terminated_at)),
    canceled_at: status === 'canceled' ? toIsoSeconds(startedMs) : null,
    created_at: toIsoSeconds(startedMs),
    previous_plan_code: given.previous_plan_code ?? null,
    next_plan_code: given.next_plan_code ?? null,
    downgrade_plan_date: given.downgrade_plan_date ?? null,
    ...showPeriod(period),
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
