/**
 * Acceptances on one way (method and path) that followed each other without a gap of more than a minute, by the
 * clock that all workers share; epoch milliseconds.
 */
export type Series = {
  /** When the first of them was sent. */
  since: number;
  /** When the last of them was sent that is known. */
  last: number;
};

/** By way. What is missing was never accepted, or not lately. */
export type Acceptances = Readonly<Record<string, Series>>;

/** The way of a request without events that the API refuses in its own words (see `Destination.control`). */
export const CONTROL = 'control';

/** A comparison holds between acceptances that are no further apart. */
const GAP_MS = 60_000;
/** An API that accepted so short a time ago is taken to accept still. */
const JUST_NOW_MS = 5_000;

/** Clocks of one machine, and answers of Redis that took their time, are no further apart. */
const AHEAD_MS = 5_000;

/** Without what another clock wrote, of the Redis before a failover, say: it would lie around every failure. */
export function believable(accepted: Acceptances, now: number): Acceptances {
  const entries = Object.entries(accepted);
  return entries.every(([, { last }]) => last <= now + AHEAD_MS)
    ? accepted
    : Object.fromEntries(entries.filter(([, { last }]) => last <= now + AHEAD_MS));
}

/** @param sentAt when the request left that was accepted */
export function withAcceptance(accepted: Acceptances, way: string, sentAt: number): Acceptances {
  const series = accepted[way];
  const goesOn = series !== undefined && Math.abs(sentAt - series.last) <= GAP_MS;
  const since = goesOn ? Math.min(series.since, sentAt) : sentAt;
  const last = goesOn ? Math.max(series.last, sentAt) : sentAt;
  return { ...accepted, [way]: { since, last } };
}

/** What both know. Of two series that do not touch the later one counts. */
export function mergeAcceptances(one: Acceptances, other: Acceptances): Acceptances {
  const merged: Record<string, Series> = { ...one };
  for (const [way, series] of Object.entries(other)) merged[way] = joinSeries(merged[way], series)!;
  return merged;
}

export function joinSeries(one: Series | undefined, other: Series | undefined): Series | undefined {
  if (!one || !other) return one ?? other;
  const [early, late] = one.last <= other.last ? [one, other] : [other, one];
  const touch = late.since - early.last <= GAP_MS;
  return touch ? { since: Math.min(early.since, late.since), last: late.last } : late;
}

/** Whether others were accepted in the minute before and in the minute after. */
export function isBetween(series: Series | undefined, at: number): boolean {
  return series !== undefined && series.since <= at && at < series.last;
}

/** Whether others were accepted since then, or immediately before. */
export function areAcceptedAround(series: Series | undefined, at: number): boolean {
  return series !== undefined && series.last >= at - JUST_NOW_MS;
}

/** Whether nobody was accepted for so long that nobody can be compared with. */
export function isOver(series: Series | undefined, now: number): boolean {
  return series === undefined || now - series.last > GAP_MS;
}
