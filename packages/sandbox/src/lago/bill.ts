import { toDecimal } from '../decimal-sum.js';
import type { Period } from './billing-period.js';
import type { LagoCharge, LagoMetric } from './options.js';
import { type Price, priceDynamic, priceUnits } from './price.js';
import { addToTally, createTally, unitsOf } from './tally.js';

/** A stored event, as far as it is billed. */
export type UsageEvent = {
  code: string | null;
  timestampMs: number;
  properties: Readonly<Record<string, unknown>>;
  /** `precise_total_amount_cents`, decimal text. */
  amountCents: string | null;
};

/** What one price of a charge comes to in a period: that of one of its filters, or that of all other events. */
export type Bucket = {
  /** Its place among the charge's filters; null for the events that no filter takes. */
  filter: number | null;
  /** Exact, as decimal text. */
  units: string;
  /** Of a unique count what it comes to, which can be below zero. */
  eventsCount: number;
  price: Price;
};

/** A filter's word for every value that the metric knows. */
const EVERY_VALUE = '__ALL_FILTER_VALUES__';

const NUMERIC: readonly LagoMetric['aggregation'][] = [
  'sum_agg',
  'max_agg',
  'latest_agg',
  'weighted_sum_agg',
];

/**
 * What a charge comes to in a period, by filter in the charge's order and then without. The events are those of one
 * subscription, in order of arrival; which of them are within the period is decided here, by their own time.
 */
export function billCharge(
  events: readonly UsageEvent[],
  { charge, metric, period }: { charge: LagoCharge; metric: LagoMetric; period: Period },
): Bucket[] {
  const filters = charge.filters ?? [];
  const counted = events
    .filter(
      (event) =>
        event.code === charge.billable_metric_code &&
        isWithin(event, metric, period) &&
        hasCountedValue(metric, event.properties),
    )
    .toSorted((a, b) => a.timestampMs - b.timestampMs);
  const taken = counted.map(({ properties }) => findFilter(properties, filters, metric));
  return [...filters.keys(), null].map((filter) => {
    const own = counted.filter((_event, i) => taken[i] === filter);
    return toBucket(own, { charge, metric, filter });
  });
}

/** Whether an event has what its metric aggregates: Lago leaves out what has not, and says nothing. */
export function hasCountedValue(
  { aggregation, field, expression }: LagoMetric,
  properties: Readonly<Record<string, unknown>>,
): boolean {
  // An expression writes the field itself.
  if (aggregation === 'count_agg' || field === undefined || expression !== undefined) return true;
  const value = properties[field];
  if (value === undefined || value === null) return false;
  return !NUMERIC.includes(aggregation) || toDecimal(value) !== undefined;
}

/** Any `operation_type` but `add` takes a value out of a unique count again: `Add` and `login` too. */
export function isRemoval(properties: Readonly<Record<string, unknown>>): boolean {
  return (properties.operation_type ?? 'add') !== 'add';
}

/**
 * The filter that takes an event: of those whose every key has one of its values in the event, the one with the most
 * keys, and of several such the first. Null where none does. Values are compared as text.
 */
export function findFilter(
  properties: Readonly<Record<string, unknown>>,
  filters: NonNullable<LagoCharge['filters']>,
  metric: LagoMetric,
): number | null {
  let found: number | null = null;
  let mostKeys = -1;
  for (const [index, { values }] of filters.entries()) {
    const keys = Object.entries(values);
    const isMatch = keys.every(([key, listed]) => {
      const value = properties[key];
      if (value === undefined || value === null) return false;
      return valuesOf(key, listed, metric).includes(String(value));
    });
    if (!isMatch || keys.length <= mostKeys) continue;
    found = index;
    mostKeys = keys.length;
  }
  return found;
}

function valuesOf(key: string, listed: readonly string[], metric: LagoMetric): readonly string[] {
  if (!listed.includes(EVERY_VALUE)) return listed;
  return metric.filters?.find((filter) => filter.key === key)?.values ?? [];
}

/** A recurring metric has no beginning: what was used before is carried over. */
function isWithin({ timestampMs }: UsageEvent, { recurring }: LagoMetric, { fromMs, toMs }: Period): boolean {
  return timestampMs <= toMs && (recurring === true || timestampMs >= fromMs);
}

function toBucket(
  events: readonly UsageEvent[],
  { charge, metric, filter }: { charge: LagoCharge; metric: LagoMetric; filter: number | null },
): Bucket {
  const { aggregation, field } = metric;
  const tally = createTally();
  for (const { timestampMs, properties } of events) {
    const value = field === undefined ? undefined : properties[field];
    addToTally(tally, aggregation, { value, isRemoval: isRemoval(properties), timestampMs });
  }
  const units = unitsOf(tally, aggregation);
  const properties = filter === null ? charge.properties : charge.filters?.[filter]?.properties;
  return {
    filter,
    units,
    eventsCount: aggregation === 'unique_count_agg' ? tally.unique : tally.events,
    price:
      charge.charge_model === 'dynamic'
        ? priceDynamic(
            events.map(({ amountCents }) => amountCents),
            units,
          )
        : priceUnits(properties, units),
  };
}
