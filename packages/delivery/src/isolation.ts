/**
 * How a batch job that crashed its worker is taken apart until the one event that does it stands alone.
 * Pure; kept in the job's data, so that it survives the next crash.
 */
export type Isolation = {
  /** BullMQ's stalled counter when this was written: a higher one means another crash since. */
  stalls: number;
  /** Only the first `trying` deliveries are tried at once. */
  trying: number;
  /** Crashes with one delivery tried alone. */
  alone: number;
  /** When this portion was begun, epoch milliseconds. */
  at: number;
};

/** A delivery that was alone with its worker in this many crashes is poison: a few may be bad luck. */
export const POISON_AFTER_CRASHES_ALONE = 5;

/**
 * Poison kills at once. A portion that was in hand for longer than this, a lock's time included, only waited
 * (for a held destination, say) in a worker that died of something else.
 */
export const INNOCENT_AFTER_MS = 120_000;

export type IsolationStep =
  | { isolate: 'no' }
  /** Write this to the job first, then try only the first `trying` deliveries. */
  | { isolate: 'try'; isolation: Isolation }
  /** The first delivery is poison: dead-letter it; the rest is tried with `isolation`. */
  | { isolate: 'poison'; isolation: Isolation };

/**
 * @param before what the job says of earlier crashes
 * @param stalls BullMQ's stalled counter of the job now
 * @param count deliveries in the job
 * @param now epoch milliseconds
 */
export function isolate(
  before: Isolation | undefined,
  stalls: number,
  count: number,
  now: number,
): IsolationStep {
  if (stalls <= (before?.stalls ?? 0)) {
    return before && before.trying < count ? { isolate: 'try', isolation: before } : { isolate: 'no' };
  }
  if (before && now - before.at > INNOCENT_AFTER_MS) {
    return { isolate: 'try', isolation: { ...before, stalls, at: now } };
  }
  const tried = Math.min(before?.trying ?? count, count);
  if (tried > 1)
    return { isolate: 'try', isolation: { stalls, trying: Math.ceil(tried / 2), alone: 0, at: now } };
  const alone = (before?.alone ?? 0) + 1;
  return alone >= POISON_AFTER_CRASHES_ALONE
    ? { isolate: 'poison', isolation: { stalls, trying: 1, alone: 0, at: now } }
    : { isolate: 'try', isolation: { stalls, trying: 1, alone, at: now } };
}

/** After a portion that did not crash: the next may be twice as large. */
export function afterPortion(isolation: Isolation, now: number): Isolation {
  return { ...isolation, trying: isolation.trying * 2, alone: 0, at: now };
}
