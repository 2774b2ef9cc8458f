/** How much of a destination's limit a replay may take, and at most how many events a second. */
export type PaceOptions = { rate?: number; share?: number };

/** Half of the limit: live traffic keeps the other. */
export const DEFAULT_SHARE = 50;

type Limit = { requestsPerSecond: number | 'unlimited'; batchSize: number };

/**
 * Deliveries a second that are put on a destination's queue; null where nothing bounds them.
 * @param options where neither is said, the default share; where both are, the lesser counts
 */
export function paceOf(limit: Limit, { rate, share }: PaceOptions): number | null {
  const bound = rate === undefined && share === undefined ? DEFAULT_SHARE : share;
  const shared =
    bound === undefined || limit.requestsPerSecond === 'unlimited'
      ? Number.POSITIVE_INFINITY
      : (limit.requestsPerSecond * limit.batchSize * bound) / 100;
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
