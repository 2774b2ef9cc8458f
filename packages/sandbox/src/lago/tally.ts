import { addDecimals, type Decimal, isGreater, showDecimal, toDecimal } from '../decimal-sum.js';
import type { LagoAggregation } from './options.js';

/** What one event brings to an aggregation. */
export type Contribution = {
  /** The value of the metric's field; undefined where events are counted. */
  value: unknown;
  /** Of a unique count: the value is taken out again. */
  isRemoval: boolean;
  /** Epoch milliseconds. */
  timestampMs: number;
};

/** A running aggregation. `unique` can be below zero: a value that is removed without having been added counts so. */
export type Tally = {
  events: number;
  total: Decimal | undefined;
  latestMs: number;
  values: Map<string, 'added' | 'removed'>;
  unique: number;
};

export function createTally(): Tally {
  return { events: 0, total: undefined, latestMs: -Infinity, values: new Map(), unique: 0 };
}

/** Adds an event that counts; what Lago leaves out must have been left out before. */
export function addToTally(tally: Tally, aggregation: LagoAggregation, contribution: Contribution): void {
  tally.events += 1;
  if (aggregation === 'unique_count_agg') countValue(tally, contribution);
  else if (aggregation !== 'count_agg') addNumber(tally, aggregation, contribution);
}

/** Exact, as decimal text. Custom and weighted aggregations are not computed here: 0. */
export function unitsOf({ events, unique, total }: Tally, aggregation: LagoAggregation): string {
  if (aggregation === 'count_agg') return String(events);
  if (aggregation === 'unique_count_agg') return String(Math.max(0, unique));
  return total === undefined ? '0' : showDecimal(total);
}

function countValue(tally: Tally, { value: given, isRemoval }: Contribution): void {
  const value = typeof given === 'object' ? JSON.stringify(given) : String(given);
  const state = isRemoval ? 'removed' : 'added';
  if (tally.values.get(value) === state) return;
  tally.values.set(value, state);
  tally.unique += isRemoval ? -1 : 1;
}

function addNumber(
  tally: Tally,
  aggregation: LagoAggregation,
  { value: given, timestampMs }: Contribution,
): void {
  const value = toDecimal(given);
  if (value === undefined) return;
  if (aggregation === 'sum_agg') tally.total = tally.total ? addDecimals(tally.total, value) : value;
  else if (aggregation === 'max_agg') {
    if (tally.total === undefined || isGreater(value, tally.total)) tally.total = value;
  } else if (aggregation === 'latest_agg' && timestampMs >= tally.latestMs) {
    tally.total = value;
    tally.latestMs = timestampMs;
  }
}
