import type { LagoAggregation, LagoMetric } from './options.js';
import type { LagoStore } from './store.js';
import { addToTally, createTally, type Tally, unitsOf } from './tally.js';

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

/**
 * Adds up all that can be billed, per code and subscription, whatever its time: periods and plans are left to
 * invoices. Reads every row: for looking, not for polling.
 */
export function computeBilled(
  store: LagoStore,
  metrics: Readonly<Record<string, LagoMetric>>,
): BilledUsage[] {
  const { ledger } = store;
  const tallies = new Map<string, { code: string; owner: string; tally: Tally }>();
  for (let row = 0; row < ledger.size; row += 1) {
    if (!store.isBillable(row)) continue;
    // A billable row has both: see billability.
    const code = ledger.codes.nameOf(ledger.columns.code[row]!)!;
    const owner = ledger.owners.nameOf(ledger.columns.owner[row]!)!;
    const key = JSON.stringify([code, owner]);
    const found = tallies.get(key) ?? { code, owner, tally: createTally() };
    tallies.set(key, found);
    addToTally(found.tally, metrics[code]!.aggregation, {
      value: store.amounts[row],
      isRemoval: store.isRemoval(row),
      timestampMs: ledger.columns.timestampMs[row]!,
    });
  }
  return [...tallies.values()].map(({ code, owner, tally }) => ({
    code,
    external_subscription_id: owner,
    aggregation: metrics[code]!.aggregation,
    events: tally.events,
    ...(metrics[code]!.aggregation === 'unique_count_agg' && { unique: tally.unique }),
    units: unitsOf(tally, metrics[code]!.aggregation),
  }));
}
