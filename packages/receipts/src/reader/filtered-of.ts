import { splitBucket } from '@meterbridge/delivery';
import type { ManifestFile } from '../manifest.js';
import type { EventSpan } from './receipt-reader.js';

const HOUR_MS = 3_600_000;

/** Events that files say no rule took, of those that were accepted in the hours that begin in a span. Pure. */
export function filteredOf(files: readonly Pick<ManifestFile, 'counts'>[], { from, to }: EventSpan): number {
  let filtered = 0;
  for (const { counts } of files) {
    for (const [bucket, rules] of Object.entries(counts)) {
      const at = splitBucket(bucket).hour * HOUR_MS;
      if (at < from || at >= to) continue;
      for (const outcomes of Object.values(rules)) filtered += outcomes.filtered ?? 0;
    }
  }
  return filtered;
}
