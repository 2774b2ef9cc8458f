import type { UsageIdentity } from '@meterbridge/destinations';
import type { Gap } from './manifest.js';
import type { EventSpan, ReceiptReader } from './reader/receipt-reader.js';
import type { Receipt } from './receipt.js';

const HOUR_MS = 3_600_000;

/** A receipt of which it is known what was sent. */
type OfUsage = Receipt & Required<Pick<Receipt, 'code' | 'usageId' | 'eventAt'>>;

/**
 * Books in memory, for tests.
 * @param given as they were settled; looked at with each question
 */
export function createMemoryReader(
  given: readonly Receipt[],
  { fields, inEffect }: UsageIdentity,
  gaps: readonly Gap[] = [],
): Pick<ReceiptReader, 'countUsage' | 'listUsage' | 'find' | 'counts' | 'close'> {
  const usagesOf = ({ from, to }: EventSpan, code?: string): OfUsage[] => {
    const byKey = new Map<string, OfUsage>();
    for (const receipt of given) {
      if (!isOfUsage(receipt)) continue;
      const key = JSON.stringify(fields.map((field) => receipt[field] ?? null));
      const known = byKey.get(key);
      const takesItsPlace =
        known === undefined ||
        (inEffect === 'newest'
          ? receipt.eventAt > known.eventAt
          : isNotItsOwn(known) && !isNotItsOwn(receipt));
      if (takesItsPlace) byKey.set(key, receipt);
    }
    return [...byKey.values()].filter(
      (each) => each.eventAt >= from && each.eventAt < to && (code === undefined || each.code === code),
    );
  };
  return {
    counts: async () => ({ counts: {}, gaps: [...gaps] }),
    async countUsage(span) {
      const counts = new Map<string, { hour: number; code: string; usages: number }>();
      for (const { code, eventAt } of usagesOf(span)) {
        const hour = Math.floor(eventAt / HOUR_MS);
        const key = JSON.stringify([hour, code]);
        const count = counts.get(key) ?? { hour, code, usages: 0 };
        count.usages += 1;
        counts.set(key, count);
      }
      return [...counts.values()];
    },
    async *listUsage(code, span) {
      yield* usagesOf(span, code).toSorted(
        (a, b) => a.eventAt - b.eventAt || (a.usageId < b.usageId ? -1 : Number(a.usageId > b.usageId)),
      );
    },
    async find(id) {
      return given.filter(({ messageId, usageId, request }) => [messageId, usageId, request].includes(id));
    },
    async close() {},
  };
}

/** The API had another one already, which may be settled later. */
function isNotItsOwn({ outcome }: Receipt): boolean {
  return outcome === 'older_rule' || outcome === 'not_compared';
}

function isOfUsage(receipt: Receipt): receipt is OfUsage {
  const { code, usageId, eventAt, outcome } = receipt;
  return outcome !== 'filtered' && code !== undefined && usageId !== undefined && eventAt !== undefined;
}
