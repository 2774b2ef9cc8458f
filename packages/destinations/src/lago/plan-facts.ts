import { isJsonObject, type JsonObject } from '@meterbridge/segment-events';

/** A billable metric, as far as it decides what of an event is billed. */
export type MetricFacts = {
  code: string;
  /** Lago's own word: `count_agg`, `sum_agg`, … */
  aggregation: string;
  /** The property that is aggregated; null where events are counted. */
  field: string | null;
  /** What computes the field from other properties; null where nothing does. */
  expression: string | null;
  /** Properties by which charges may tell prices apart, with every value that is known. */
  filters: { key: string; values: string[] }[];
};

/** A charge of a plan for one metric. */
export type ChargeFacts = {
  /** The metric's code. */
  metric: string;
  /** Lago's own word: `standard`, `dynamic`, … */
  model: string;
  isPaidInAdvance: boolean;
  /** Each the values by key that an event must have, all of them, for a price of its own. */
  filters: Record<string, string[]>[];
};

export type PlanFacts = { code: string; charges: ChargeFacts[] };

/** Reads one metric of an answer (OpenAPI: BillableMetricObject); null for anything else. */
export function readMetricFacts(item: unknown): MetricFacts | null {
  if (!isJsonObject(item) || typeof item.code !== 'string') return null;
  return {
    code: item.code,
    aggregation: toText(item.aggregation_type) ?? 'unknown',
    field: toText(item.field_name),
    expression: toText(item.expression),
    filters: objectsOf(item.filters).flatMap(({ key, values }) =>
      typeof key === 'string' ? [{ key, values: textsOf(values) }] : [],
    ),
  };
}

/** Reads one plan of an answer (OpenAPI: PlanObject); null for anything else. */
export function readPlanFacts(item: unknown): PlanFacts | null {
  if (!isJsonObject(item) || typeof item.code !== 'string') return null;
  return { code: item.code, charges: objectsOf(item.charges).flatMap(readCharge) };
}

function readCharge(item: JsonObject): ChargeFacts[] {
  const { billable_metric_code: metric, charge_model: model, pay_in_advance: isPaidInAdvance } = item;
  if (typeof metric !== 'string') return [];
  const filters = objectsOf(item.filters).map(({ values }) =>
    Object.fromEntries(
      Object.entries(isJsonObject(values) ? values : {}).map(([key, listed]) => [key, textsOf(listed)]),
    ),
  );
  return [{ metric, model: toText(model) ?? 'unknown', isPaidInAdvance: isPaidInAdvance === true, filters }];
}

function objectsOf(list: unknown): JsonObject[] {
  return Array.isArray(list) ? list.filter(isJsonObject) : [];
}

function textsOf(list: unknown): string[] {
  return Array.isArray(list) ? list.map(String) : [];
}

function toText(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
