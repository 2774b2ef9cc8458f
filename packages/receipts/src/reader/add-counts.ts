import type { ReceiptCounts } from '../manifest.js';
import type { ReceiptOutcome } from '../receipt.js';

/** What several files count together. Pure. */
export function addCounts(all: readonly ReceiptCounts[]): ReceiptCounts {
  const sum: ReceiptCounts = {};
  for (const counts of all) {
    for (const [bucket, rules] of Object.entries(counts)) {
      sum[bucket] ??= {};
      for (const [rule, outcomes] of Object.entries(rules)) {
        const added = sum[bucket][rule] ?? {};
        for (const [outcome, events] of Object.entries(outcomes) as [ReceiptOutcome, number][]) {
          added[outcome] = (added[outcome] ?? 0) + events;
        }
        sum[bucket][rule] = added;
      }
    }
  }
  return sum;
}
