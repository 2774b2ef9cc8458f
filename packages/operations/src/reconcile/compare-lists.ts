import type { ListedUsage, UsageIdentity } from '@meterbridge/destinations';
import type { EventSpan, Receipt } from '@meterbridge/receipts';
import { groupBy } from './group-by.js';

/** A receipt that says what it is called at the API, and when it was. */
export type UsageReceipt = Receipt & Required<Pick<Receipt, 'usageId' | 'code' | 'eventAt'>>;

/** It is there as an older rule wrote it: that its content is another one was known when it was settled. */
export function isOfOlderRule({ outcome }: UsageReceipt): boolean {
  return outcome === 'older_rule';
}

/** What two lists of one code have of each other. */
export type ListsCompared = {
  /** Booked and not listed. */
  missing: UsageReceipt[];
  /** Booked, and listed more than once. */
  twice: { receipt: UsageReceipt; rows: ListedUsage[] }[];
  /** Booked and listed: whether they are equal is another question. */
  pairs: { receipt: UsageReceipt; row: ListedUsage }[];
  /** Booked and not listed, while the same id is, of an owner that the books do not know it of. */
  otherOwner: { receipt: UsageReceipt; row: ListedUsage }[];
  /** Listed under ids that the books do not know: what others have sent. */
  others: number;
};

/**
 * Holds what is booked of a span against what is listed of it. Both lists reach a little beyond it, since times at the
 * API may be a little off: what belongs to the span is told of it, and the rest only explains. Pure.
 */
export function compareLists(
  receipts: readonly UsageReceipt[],
  rows: readonly ListedUsage[],
  span: EventSpan,
  { fields }: Pick<UsageIdentity, 'fields'>,
): ListsCompared {
  const isKeyedByOwner = fields.includes('owner');
  const keyOf = ({ usageId, owner }: { usageId: string; owner?: string }) =>
    isKeyedByOwner ? JSON.stringify([usageId, owner ?? '']) : usageId;
  const all = distinct(rows);
  const byKey = groupBy(all, keyOf);
  const booked = new Set(receipts.map(keyOf));
  const strays = groupBy(
    all.filter((row) => !booked.has(keyOf(row))),
    ({ usageId }) => usageId,
  );
  const found: ListsCompared = { missing: [], twice: [], pairs: [], otherOwner: [], others: 0 };
  for (const receipt of receipts) {
    if (!isWithin(receipt.eventAt, span)) continue;
    const own = byKey.get(keyOf(receipt)) ?? [];
    const stray = strays.get(receipt.usageId) ?? [];
    strays.delete(receipt.usageId);
    if (own.length === 0) {
      if (stray[0]) found.otherOwner.push({ receipt, row: stray[0] });
      else found.missing.push(receipt);
      continue;
    }
    found.pairs.push({ receipt, row: own[0]! });
    if (own.length + stray.length > 1) found.twice.push({ receipt, rows: [...own, ...stray] });
  }
  for (const own of strays.values()) found.others += own.filter(({ at }) => isWithin(at, span)).length;
  return found;
}

/** A row is met again on the next page where another has come before it meanwhile. */
function distinct(rows: readonly ListedUsage[]): ListedUsage[] {
  return [...new Map(rows.map((each) => [each.row, each])).values()];
}

function isWithin(time: number, { from, to }: EventSpan): boolean {
  return time >= from && time < to;
}
