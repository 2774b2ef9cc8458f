import { addDecimals, type Decimal, isGreater, showDecimal, toDecimal } from '../decimal-sum.js';
import type { LagoAggregation, LagoMetric } from './options.js';
import type { LagoStore } from './store.js';

/** What one metric comes to for one subscription. */
export type BilledUsage = {
  code: string;
  external_subscription_id: string;
  aggregation: LagoAggregation;
  /** Events that count; those Lago would leave out do not. */
  events: number;
  /** Of a unique count: values added less values removed, which can be below zero. */
  unique?: number;
  /** Exact, as decimal text. */
  units: string;
};

/** `values`: of a unique count, whether each was added or removed last; `unique` is what that comes to. */
type Tally = {
  events: number;
  total?: Decimal;
  latestMs: number;
  values: Map<string, 'added' | 'removed'>;
  unique: number;
};

/** Adds up what would be billed, per code and subscription. Reads every row: for looking, not for polling. */
export function computeBilled(
  store: LagoStore,
  metrics: Readonly<Record<string, LagoMetric>>,
  isAsked: (row: number) => boolean = () => true,
): BilledUsage[] {
  const { ledger } = store;
  const tallies = new Map<string, { code: string; owner: string; tally: Tally }>();
  for (let row = 0; row < ledger.size; row += 1) {
    if (!store.isBillable(row) || !isAsked(row)) continue;
    // A billable row has both: see billability.
    const code = ledger.codes.nameOf(ledger.columns.code[row]!)!;
    const owner = ledger.owners.nameOf(ledger.columns.owner[row]!)!;
    const key = JSON.stringify([code, owner]);
    const found = tallies.get(key) ?? {
      code,
      owner,
      tally: { events: 0, latestMs: -Infinity, values: new Map(), unique: 0 },
    };
    tallies.set(key, found);
    const { aggregation } = metrics[code]!;
    const amount = store.amounts[row];
    found.tally.events += 1;
    if (aggregation === 'unique_count_agg') countValue(found.tally, amount, store.isRemoval(row));
    else addTo(found.tally, aggregation, { amount, timestampMs: ledger.columns.timestampMs[row]! });
  }
  return [...tallies.values()].map(({ code, owner, tally }) => ({
    code,
    external_subscription_id: owner,
    aggregation: metrics[code]!.aggregation,
    events: tally.events,
    ...(metrics[code]!.aggregation === 'unique_count_agg' && { unique: tally.unique }),
    units: showUnits(metrics[code]!.aggregation, tally),
  }));
}

/** A value that is removed without having been added is counted below nothing. */
function countValue(tally: Tally, amount: unknown, isRemoval: boolean): void {
  const value = typeof amount === 'object' ? JSON.stringify(amount) : String(amount);
  const state = isRemoval ? 'removed' : 'added';
  if (tally.values.get(value) === state) return;
  tally.values.set(value, state);
  tally.unique += isRemoval ? -1 : 1;
}

function addTo(
  tally: Tally,
  aggregation: LagoAggregation,
  { amount, timestampMs }: { amount: unknown; timestampMs: number },
): void {
  if (aggregation === 'count_agg') return;
  const value = toDecimal(amount);
  if (value === undefined) return;
  if (aggregation === 'sum_agg') tally.total = tally.total ? addDecimals(tally.total, value) : value;
  else if (aggregation === 'max_agg') {
    if (tally.total === undefined || isGreater(value, tally.total)) tally.total = value;
  } else if (timestampMs >= tally.latestMs) {
    tally.total = value;
    tally.latestMs = timestampMs;
  }
}

function showUnits(aggregation: LagoAggregation, tally: Tally): string {
  if (aggregation === 'count_agg') return String(tally.events);
  if (aggregation === 'unique_count_agg') return String(Math.max(0, tally.unique));
  return tally.total === undefined ? '0' : showDecimal(tally.total);
}
