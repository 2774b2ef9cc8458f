import type { AuditLine } from '@meterbridge/queue';
import type { Gap, ReceiptCounts, ReceiptOutcome } from '@meterbridge/receipts';

/**
 * Whether the books have what the ledger has, of one hour of acceptance and one source. `complete`: all of it; `gap`: all
 * but what ended without a receipt, which is counted; `before`: it is of a time when there were none yet; `open`: the hour
 * goes on, or something of it is in flight; `waiting`: the archivist has not come so far; `differs`: it should be there.
 */
export type BooksState = 'complete' | 'gap' | 'before' | 'open' | 'waiting' | 'differs';

export type BooksVerdict = {
  state: BooksState;
  /** Deliveries that the ledger has, and neither the books nor a gap; below zero: the other way round. */
  missing: number;
  /** The same of events that no rule took. */
  missingFiltered: number;
  /** In a gap. */
  withoutReceipt: number;
};

/** What is asked of books, of one destination. */
export type KeptCounts = {
  /** Of several places, which have nothing in common. */
  counts: readonly ReceiptCounts[];
  gaps: readonly Gap[];
  /** The hour in which the first receipt was settled, since 1970; null where there is none. */
  beginHour: number | null;
};

/** What the ledger has of an hour of a source, over all shards. */
export type LedgerBucket = Pick<AuditLine, 'delivered' | 'duplicate' | 'filtered' | 'inFlight'> & {
  hour: number;
};

/**
 * Holds one bucket of the ledger against the books. Pure.
 * @param bucket `<hour>/<source>`
 * @param nowHour the hour that goes on, since 1970
 */
export function judgeBooks(
  { hour, delivered, duplicate, filtered, inFlight }: LedgerBucket,
  bucket: string,
  { counts, gaps, beginHour }: KeptCounts,
  nowHour: number,
): BooksVerdict {
  const kept = countKept(counts, bucket);
  const gap = { deliveries: 0, filtered: 0 };
  for (const each of gaps.filter((one) => one.bucket === bucket)) {
    gap.deliveries += each.deliveries;
    gap.filtered += each.filtered;
  }
  const missing = delivered + duplicate - kept.deliveries - gap.deliveries;
  const missingFiltered = filtered - kept.filtered - gap.filtered;
  const withoutReceipt = gap.deliveries + gap.filtered;
  // Where a replay of what the receiver had refused finds no rule of a destination, the ledger alone counts it there.
  const isEqual = missing === 0 && missingFiltered >= 0;
  const told = { missing, missingFiltered, withoutReceipt };
  if (hour >= nowHour || inFlight > 0) return { state: 'open', ...told };
  if (isEqual) return { state: withoutReceipt > 0 ? 'gap' : 'complete', ...told };
  // Of its first hour nobody knows how much was before the first receipt.
  return { state: beginHour === null || hour <= beginHour ? 'before' : 'differs', ...told };
}

function countKept(
  counts: readonly ReceiptCounts[],
  bucket: string,
): { deliveries: number; filtered: number } {
  const kept = { deliveries: 0, filtered: 0 };
  for (const outcomes of counts.flatMap((each) => Object.values(each[bucket] ?? {}))) {
    for (const [outcome, events] of Object.entries(outcomes) as [ReceiptOutcome, number][]) {
      kept[outcome === 'filtered' ? 'filtered' : 'deliveries'] += events;
    }
  }
  return kept;
}

/** From the best to the worst: of several, a line says the last. */
const STATES: readonly BooksState[] = ['complete', 'before', 'open', 'gap', 'waiting', 'differs'];

/** What several buckets come to; of what is missing only what should be there is told. Pure. */
export function addVerdicts(one: BooksVerdict, other: BooksVerdict): BooksVerdict {
  const counted = [one, other].filter(({ state }) => state === 'differs');
  const sum = (of: 'missing' | 'missingFiltered') => counted.reduce((total, each) => total + each[of], 0);
  return {
    state: STATES.indexOf(one.state) > STATES.indexOf(other.state) ? one.state : other.state,
    missing: sum('missing'),
    missingFiltered: sum('missingFiltered'),
    withoutReceipt: one.withoutReceipt + other.withoutReceipt,
  };
}
