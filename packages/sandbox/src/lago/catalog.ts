import { type Answer, answerJson } from '../answer.js';
import { answerLagoNotFound, LAGO_METRICS_FORBIDDEN } from './answers.js';
import { lagoIdOf } from './event-json.js';
import type { LagoMetric, LagoOptions, LagoSubscription } from './options.js';
import { answerPage } from './pages.js';

const LONG_AGO = '2020-01-01T00:00:00Z';

/** What the sandbox's Lago knows besides events: the subscriptions and metrics of its options. */
export type LagoCatalog = {
  listSubscriptions: (query: URLSearchParams) => Answer;
  getSubscription: (externalId: string, query: URLSearchParams) => Answer;
  listMetrics: (query: URLSearchParams) => Answer;
  getMetric: (code: string) => Answer;
};

/**
 * Read endpoints, in the shapes of the OpenAPI's SubscriptionObject and BillableMetricObject. Without metrics
 * any code is billed, and an empty list would say that none is: nobody may read it then.
 */
export function createCatalog(options: LagoOptions): LagoCatalog {
  // Anew for each request: who holds the list may assign a customer another subscription.
  const subscriptions = () => (options.knownSubscriptions ?? []).map(toSubscriptionJson);
  const metrics = Object.entries(options.metrics ?? {}).map(toMetricJson);
  return {
    // Only active ones unless asked for others.
    listSubscriptions(query) {
      const statuses = query.getAll('status[]');
      const found = subscriptions().filter(
        (item) =>
          (statuses.length === 0 ? item.status === 'active' : statuses.includes(item.status)) &&
          isAsked(query.get('external_customer_id'), item.external_customer_id) &&
          isAsked(query.get('plan_code'), item.plan_code) &&
          isAsked(query.get('external_id'), item.external_id),
      );
      return answerPage('subscriptions', found, query, (item) => item);
    },
    getSubscription(externalId, query) {
      const status = query.get('status') ?? 'active';
      const found = subscriptions().find((item) => item.external_id === externalId && item.status === status);
      return found === undefined
        ? answerLagoNotFound('subscription')
        : answerJson(200, { subscription: found });
    },
    listMetrics(query) {
      if (options.metrics === undefined) return LAGO_METRICS_FORBIDDEN;
      return answerPage('billable_metrics', metrics, query, (metric) => metric);
    },
    getMetric(code) {
      if (options.metrics === undefined) return LAGO_METRICS_FORBIDDEN;
      const found = metrics.find((metric) => metric.code === code);
      return found === undefined
        ? answerLagoNotFound('billable_metric')
        : answerJson(200, { billable_metric: found });
    },
  };
}

function isAsked(asked: string | null, actual: string): boolean {
  return asked === null || asked === actual;
}

function toSubscriptionJson(known: string | LagoSubscription, index: number) {
  const given: LagoSubscription = typeof known === 'string' ? { external_id: known } : known;
  const status = given.status ?? 'active';
  const startedAt = given.started_at ?? LONG_AGO;
  return {
    lago_id: lagoIdOf(index),
    external_id: given.external_id,
    lago_customer_id: lagoIdOf(index),
    external_customer_id: given.external_customer_id ?? given.external_id,
    billing_time: 'calendar',
    name: null,
    plan_code: given.plan_code ?? 'sandbox',
    plan_amount_cents: 0,
    plan_amount_currency: 'EUR',
    status,
    created_at: startedAt,
    canceled_at: status === 'canceled' ? startedAt : null,
    started_at: status === 'pending' ? null : startedAt,
    ending_at: null,
    subscription_at: startedAt,
    terminated_at: given.terminated_at ?? null,
    previous_plan_code: null,
    next_plan_code: null,
    downgrade_plan_date: null,
    trial_ended_at: null,
    current_billing_period_started_at: null,
    current_billing_period_ending_at: null,
    on_termination_credit_note: 'credit',
    on_termination_invoice: 'generate',
  };
}

function toMetricJson([code, metric]: [string, LagoMetric], index: number) {
  return {
    lago_id: lagoIdOf(index),
    name: code,
    code,
    description: null,
    aggregation_type: metric.aggregation,
    field_name: metric.field ?? null,
    ...(metric.expression !== undefined && { expression: metric.expression }),
    recurring: false,
    weighted_interval: null,
    rounding_function: null,
    rounding_precision: null,
    created_at: LONG_AGO,
    filters: [],
  };
}
