import { isJsonObject } from '@meterbridge/segment-events';
import { describeProblem } from '../check-connection.js';
import type { HttpClient } from '../http-client.js';
import { readAnswer } from '../read-answer.js';

/** A billable metric, as far as it says what an event has to hold. */
export type LagoMetric = {
  code: string;
  /** `count_agg`, `sum_agg`, …: Lago's own word. */
  aggregation: string;
  /** The property that is aggregated; null where events are counted. */
  field: string | null;
  /** It computes the field from properties of its own choice. */
  hasExpression: boolean;
};

export type ReadMetrics = { ok: true; metrics: LagoMetric[] } | { ok: false; problem: string };

const PER_PAGE = 100;
/** Ten thousand metrics: more than that is an answer that never ends. */
const MAX_PAGES = 100;

/** Reads all billable metrics of an account, page by page (OpenAPI: findAllBillableMetrics). Changes nothing. */
export async function readLagoMetrics(http: Pick<HttpClient, 'get'>): Promise<ReadMetrics> {
  const metrics: LagoMetric[] = [];
  for (let page = 1; page <= MAX_PAGES; page += 1) {
    const answer = await http.get(`/api/v1/billable_metrics?page=${page}&per_page=${PER_PAGE}`);
    if ('error' in answer || answer.status !== 200) return { ok: false, problem: describeProblem(answer) };
    const { json } = readAnswer(answer);
    if (!isJsonObject(json) || !Array.isArray(json.billable_metrics)) {
      return { ok: false, problem: 'the answer holds no billable_metrics' };
    }
    metrics.push(...json.billable_metrics.flatMap(readMetric));
    const isLast = !isJsonObject(json.meta) || typeof json.meta.next_page !== 'number';
    if (isLast) return { ok: true, metrics };
  }
  return { ok: false, problem: `there are more than ${MAX_PAGES * PER_PAGE}` };
}

function readMetric(item: unknown): LagoMetric[] {
  if (!isJsonObject(item) || typeof item.code !== 'string') return [];
  const { code, aggregation_type: aggregation, field_name: field, expression } = item;
  return [
    {
      code,
      aggregation: typeof aggregation === 'string' ? aggregation : 'unknown',
      field: typeof field === 'string' && field !== '' ? field : null,
      hasExpression: typeof expression === 'string' && expression !== '',
    },
  ];
}
