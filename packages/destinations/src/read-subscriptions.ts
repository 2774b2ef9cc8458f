import { describeProblem } from './check-connection.js';
import type { BillingLookup, BillingTimes, Period, Read, SubscriptionLookup } from './destination.js';

/** A customer with more pages of subscriptions than this is an answer that never ends. */
export const MAX_SUBSCRIPTION_PAGES = 20;

export type ReadPeriods =
  | { ok: true; periods: Period[] }
  /** `problem` is left out where no more may be asked, and for pages that never end. */
  | { ok: false; problem?: string };

/**
 * Reads all subscriptions that a customer has and had. The first answer that is none ends it, so that no wait has to be
 * reckoned from now.
 */
export async function readPeriods(
  { path, classify }: Pick<SubscriptionLookup, 'path' | 'classify'>,
  customer: string,
  read: Read,
): Promise<ReadPeriods> {
  const periods: Period[] = [];
  for (let page = 1; page <= MAX_SUBSCRIPTION_PAGES; page += 1) {
    const answer = await read(path(customer, page));
    if (answer === null) return { ok: false };
    const verdict = classify(answer, customer, 0);
    if (verdict.verdict !== 'read') return { ok: false, problem: describeProblem(answer) };
    periods.push(...verdict.periods);
    if (verdict.isLast) return { ok: true, periods };
  }
  return { ok: false };
}

/**
 * Reads what is still billed of one subscription.
 * @returns no rows where the API has no such subscription; null where it cannot be asked, or does not say
 */
export async function readBillingTimes(
  billing: Pick<BillingLookup, 'paths' | 'read'>,
  subscription: string,
  read: Read,
): Promise<BillingTimes[] | null> {
  const paths = billing.paths(subscription);
  if (paths.length === 0) return null;
  for (const path of paths) {
    const answer = await read(path);
    const rows = answer && billing.read(answer);
    if (!rows || rows.length > 0) return rows;
  }
  return [];
}
