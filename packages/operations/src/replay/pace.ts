/** How much of a destination's limit a replay may take, in percent, and at most how many events a second. */
export type Pace = { rate?: number; share?: number };

/** Half of the limit: live traffic keeps the other. */
export const DEFAULT_SHARE = 50;

/** What was said, or the default share where nothing was. */
export function choosePace({ rate, share }: { rate?: number; share?: number }): Pace {
  if (rate === undefined && share === undefined) return { share: DEFAULT_SHARE };
  return { rate, share };
}

/** An even part of what a billing account's destinations have together: whatever is queued for each, half stays half. */
export function limitOf(
  { name, limit: { requestsPerSecond, batchSize } }: { name: string; limit: Limit },
  accounts: ReadonlyMap<string, string>,
): Limit {
  if (requestsPerSecond === 'unlimited') return { requestsPerSecond, batchSize };
  const account = accounts.get(name);
  const sharing = [...accounts.values()].filter((each) => each === account).length;
  return { requestsPerSecond: requestsPerSecond / sharing, batchSize };
}

type Limit = { requestsPerSecond: number | 'unlimited'; batchSize: number };

/** Deliveries a second that are put on a destination's queue: the lesser of both; null where nothing bounds them. */
export function paceOf({ requestsPerSecond, batchSize }: Limit, { rate, share }: Pace): number | null {
  const isShared = share !== undefined && requestsPerSecond !== 'unlimited';
  const shared = isShared ? (requestsPerSecond * batchSize * share) / 100 : Number.POSITIVE_INFINITY;
  const least = Math.min(shared, rate ?? Number.POSITIVE_INFINITY);
  return Number.isFinite(least) ? least : null;
}

/** The slowest of several; null where none is bounded. */
export function slowest(paces: readonly (number | null)[]): number | null {
  const bounded = paces.filter((pace) => pace !== null);
  return bounded.length === 0 ? null : Math.min(...bounded);
}

/** What is put on a queue at once: never more than a second's worth. */
export function batchAt(pace: number | null, most: number): number {
  return pace === null ? most : Math.max(1, Math.min(most, Math.floor(pace)));
}

/**
 * When what comes now may go, and from when on the next. What was held up is not made up for: it would be a
 * burst. Pure; times in milliseconds.
 * @param free from when on there is room, as the last call said
 */
export function takeTurn(
  count: number,
  pace: number | null,
  free: number,
  now: number,
): { waitMs: number; free: number } {
  const at = Math.max(free, now);
  return { waitMs: at - now, free: pace === null ? at : at + (count / pace) * 1_000 };
}
