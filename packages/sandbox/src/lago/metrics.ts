import { type Answer, answerJson } from '../answer.js';
import { answerLagoNotFound, LAGO_METRICS_FORBIDDEN } from './answers.js';
import { lagoIdFor } from './event-json.js';
import type { LagoMetric, LagoOptions } from './options.js';
import { answerPage } from './pages.js';

const LONG_AGO = '2020-01-01T00:00:00Z';

/**
 * GET /billable_metrics, the newest first. Without metrics any code is billed, and an empty list would say
 * that none is: the key may not read them then.
 */
export function listMetrics({ metrics }: LagoOptions, query: URLSearchParams): Answer {
  if (metrics === undefined) return LAGO_METRICS_FORBIDDEN;
  return answerPage('billable_metrics', Object.entries(metrics).reverse(), query, ([code, metric]) => ({
    ...toMetricJson(code, metric),
    // No longer counted by Lago.
    active_subscriptions_count: 0,
    draft_invoices_count: 0,
    plans_count: 0,
  }));
}

/** GET /billable_metrics/{code}. */
export function getMetric({ metrics }: LagoOptions, code: string): Answer {
  if (metrics === undefined) return LAGO_METRICS_FORBIDDEN;
  if (!Object.hasOwn(metrics, code)) return answerLagoNotFound('billable_metric');
  return answerJson(200, { billable_metric: toMetricJson(code, metrics[code]!) });
}

function toMetricJson(code: string, metric: LagoMetric) {
  return {
    lago_id: lagoIdFor(`metric ${code}`),
    name: metric.name ?? code,
    code,
    description: null,
    aggregation_type: metric.aggregation,
    weighted_interval: null,
    recurring: metric.recurring ?? false,
    rounding_function: null,
    rounding_precision: null,
    created_at: LONG_AGO,
    field_name: metric.field ?? null,
    expression: metric.expression ?? null,
    filters: metric.filters ?? [],
  };
}
