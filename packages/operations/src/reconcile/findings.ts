import type { ListedUsage, UsageIdentity } from '@meterbridge/destinations';
import type { ReceiptOutcome } from '@meterbridge/receipts';
import type { ApiSide } from './ask-books.js';
import { isOfOlderRule, type UsageReceipt } from './compare-lists.js';
import type { Difference, UsageBooks } from './look.js';

/**
 * What is not as the books say. `missing_there`: the API took it and does not hold it. `deleted_there`: it called it a
 * duplicate, and shows nothing under its id. `twice_there`: it holds it more than once. `other_content`: what it holds
 * under the id is another time, another owner or another content.
 */
export type FindingKind = 'missing_there' | 'deleted_there' | 'twice_there' | 'other_content';

export type ReconcileFinding = {
  finding: FindingKind;
  receipt: UsageReceipt;
  /** What the API holds of it, by its own names. */
  rows: string[];
  /** Fields of the usage event that differ. */
  fields: string[];
};

/** The API said that it knows the id. */
const TOLD_DUPLICATE: readonly ReceiptOutcome[] = ['duplicate', 'older_rule', 'not_compared'];

export type Judging = {
  api: Pick<ApiSide, 'compare' | 'byId'>;
  /** Every receipt that the books have of an id. */
  find: UsageBooks['find'];
  identity: UsageIdentity;
};

/**
 * What a difference that stands comes to, once the API was asked for its id and the books for all that they have of it.
 * Null where it is none.
 */
export async function judgeDifference(
  difference: Difference,
  judging: Judging,
): Promise<ReconcileFinding | null> {
  const { receipt } = difference;
  if (difference.kind === 'twice') {
    return { finding: 'twice_there', receipt, rows: difference.rows.map(({ row }) => row), fields: [] };
  }
  const known = (await judging.find(receipt.usageId)).filter(
    (each): each is UsageReceipt => each.usageId === receipt.usageId && each.eventAt !== undefined,
  );
  if (difference.kind === 'other') return judgeOther(difference, known, judging);
  const { api, identity } = judging;
  const rows = (await api.byId(receipt.code, receipt.usageId)) ?? [];
  // An id may be of two owners: the other one's is not this one.
  const isOfAnother = ({ owner }: ListedUsage) =>
    identity.fields.includes('owner') &&
    owner !== receipt.owner &&
    known.some((each) => each.owner === owner);
  const row = rows.find((each) => !isOfAnother(each));
  if (row) {
    const fields = receipt.usage === undefined ? [] : await api.compare(receipt.usage, row);
    // It was there after all: a page had lost it.
    if (fields === null || fields.length === 0) return null;
    return judgeOther({ receipt, row, fields }, known, judging);
  }
  const isKnownThere = known.some(
    ({ code, outcome }) => code === receipt.code && TOLD_DUPLICATE.includes(outcome),
  );
  return { finding: isKnownThere ? 'deleted_there' : 'missing_there', receipt, rows: [], fields: [] };
}

/** What the API holds instead is no finding where the books say so themselves. */
async function judgeOther(
  { receipt, row, fields }: { receipt: UsageReceipt; row: ListedUsage; fields: string[] },
  known: readonly UsageReceipt[],
  { api, identity }: Judging,
): Promise<ReconcileFinding | null> {
  if (isOfOlderRule(receipt)) return null;
  for (const each of known) {
    const wouldCount =
      identity.inEffect === 'newest' ? each.eventAt > receipt.eventAt : each.settledAt < receipt.settledAt;
    if (each.usage === undefined || !wouldCount) continue;
    if ((await api.compare(each.usage, row))?.length === 0) return null;
  }
  return { finding: 'other_content', receipt, rows: [row.row], fields };
}

/** One difference in one word: what stands at a second look is the same. */
export function nameOf({ kind, receipt: { code, usageId, owner } }: Difference): string {
  return JSON.stringify([kind, code, usageId, owner ?? null]);
}
