/** A stretch of time in epoch milliseconds, both ends included. */
export type Period = { fromMs: number; toMs: number };

/** When a subscription lives, in epoch milliseconds. `endedMs` is its last moment, left out while it has none. */
export type Life = { startedMs: number; endedMs: number | undefined };

/** A billing period as Lago names it: whole seconds, cut off. Both null for a subscription that has not begun. */
export type PeriodFields = {
  current_billing_period_started_at: string | null;
  current_billing_period_ending_at: string | null;
};

/** To the millisecond: Lago bills no event of before the first moment, or of after the last. */
export function isWithin(atMs: number, { startedMs, endedMs }: Life): boolean {
  return startedMs <= atMs && (endedMs === undefined || atMs <= endedMs);
}

/** The calendar month in UTC that holds an instant, cut to the subscription's life. */
export function periodAt({ startedMs, endedMs }: Life, atMs: number): Period {
  const { fromMs, toMs } = monthOf(atMs);
  return { fromMs: Math.max(fromMs, startedMs), toMs: Math.min(toMs, endedMs ?? Infinity) };
}

/** The period that begins at an instant: to the end of its month, or of the subscription. */
export function periodFrom(fromMs: number, endedMs: number | undefined): Period {
  return { fromMs, toMs: Math.min(monthOf(fromMs).toMs, endedMs ?? Infinity) };
}

/**
 * Where the first period begins that is billed at all: the one of now, or the last one of what has ended. Earlier
 * ones are on no invoice, billed or not.
 */
export function firstOpenMs(life: Life, nowMs: number): number {
  if (life.startedMs > nowMs) return life.startedMs;
  return periodAt(life, Math.min(nowMs, life.endedMs ?? Infinity)).fromMs;
}

/** Periods from an instant on that are over, the oldest first; `isOver` where the last of them ends the subscription. */
export function periodsDue(
  fromMs: number,
  { endedMs }: Life,
  nowMs: number,
): { periods: Period[]; isOver: boolean } {
  const periods: Period[] = [];
  const hasEnded = endedMs !== undefined && endedMs <= nowMs;
  for (let from = fromMs; ; ) {
    const period = periodFrom(from, endedMs);
    const isLast = hasEnded && period.toMs === endedMs;
    // What ended before its open period began has nothing left to bill.
    if (period.toMs < period.fromMs) return { periods, isOver: true };
    if (period.toMs >= nowMs && !isLast) return { periods, isOver: false };
    periods.push(period);
    if (isLast) return { periods, isOver: true };
    from = period.toMs + 1;
  }
}

export function showPeriod(period: Period | null): PeriodFields {
  return {
    current_billing_period_started_at: period && toSeconds(period.fromMs),
    current_billing_period_ending_at: period && toSeconds(period.toMs),
  };
}

function monthOf(atMs: number): Period {
  const at = new Date(atMs);
  return {
    fromMs: Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), 1),
    toMs: Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 1) - 1,
  };
}

function toSeconds(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
