import { groupBy } from '../group-by.js';
import { inTurns } from './in-turns.js';

/** Events in one answer: Lago has no maximum of its own; where there is one, `meta` says that more follow. */
export const EVENTS_A_PAGE = 1_000;

/** Lago counts all that a window holds before it answers: in a large account, seconds for a wide one of everybody. */
const WIDEST_OF_ALL_MS = 3_600_000;

/** Lago before 1.48 kept times as floating point: an event may lie a millisecond off. */
const SLACK_MS = 1;

/** What is to be found. */
export type Wanted = {
  id: string;
  subscription: string;
  /** The event's own time, epoch milliseconds. */
  atMs: number;
  /** Where not all can be read, each rule has its share. */
  rule: string;
};

/** A list of events to read: of one subscription or of all, in a window of time whose ends belong to it, or of all time. */
export type Read<One extends Wanted = Wanted> = {
  subscription?: string;
  window?: { fromMs: number; toMs: number };
  /** What it is to find. */
  of: One[];
};

/**
 * Covers what is wanted with windows of time, each of one subscription or of all, whichever takes fewer pages. Pure.
 * Rules have turns, and of each rule those that lie far apart come first: whoever stops after a few has a sample.
 * @param eventsPerMs how many events of all that is read lie in a millisecond there; left out, as many as are wanted
 */
export function planReads<One extends Wanted>(wanted: readonly One[], eventsPerMs?: number): Read<One>[] {
  const byTime = wanted.toSorted((one, other) => one.atMs - other.atMs);
  const density = eventsPerMs ?? byTime.length / widthOf(byTime);
  const reads = splitByTime(byTime, density, WIDEST_OF_ALL_MS).flatMap((all) => {
    const bySubscription = groupBy(all, ({ subscription }) => subscription).flatMap((own) =>
      splitByTime(own, (density * own.length) / all.length, Number.POSITIVE_INFINITY).map((of) => ({
        subscription: of[0]!.subscription,
        ...toRead(of),
        pages: pagesOf(of, (density * own.length) / all.length),
      })),
    );
    const pages = bySubscription.reduce((sum, read) => sum + read.pages, 0);
    return pages <= pagesOf(all, density)
      ? bySubscription.map(({ pages: _pages, ...read }) => read)
      : [toRead(all)];
  });
  return inTurns(reads, ({ of }) => of[0]!.rule);
}

/** Windows with as few events as may be between those that are wanted: fewer than a page, or another read is cheaper. */
function splitByTime<One extends Wanted>(byTime: readonly One[], density: number, widestMs: number): One[][] {
  const windows: One[][] = [];
  for (const one of byTime) {
    const window = windows.at(-1);
    const isNear =
      window !== undefined &&
      (one.atMs - window.at(-1)!.atMs) * density <= EVENTS_A_PAGE &&
      one.atMs - window[0]!.atMs <= widestMs;
    if (isNear) window.push(one);
    else windows.push([one]);
  }
  return windows;
}

function toRead<One extends Wanted>(of: One[]): Read<One> {
  return { window: { fromMs: of[0]!.atMs - SLACK_MS, toMs: of.at(-1)!.atMs + SLACK_MS }, of };
}

function pagesOf(byTime: readonly Wanted[], density: number): number {
  return Math.ceil(Math.max(byTime.length, widthOf(byTime) * density) / EVENTS_A_PAGE);
}

/** At least one millisecond. */
function widthOf(byTime: readonly Wanted[]): number {
  return Math.max(1, (byTime.at(-1)?.atMs ?? 0) - (byTime[0]?.atMs ?? 0));
}
