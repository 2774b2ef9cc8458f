import { CountSum } from '../count-sum.js';
import type { ReceiptCounts } from '../manifest.js';

/** What several files count together. Pure. */
export function addCounts(all: readonly ReceiptCounts[]): ReceiptCounts {
  const sum = new CountSum();
  for (const counts of all) sum.addAll(counts);
  return sum.result();
}
