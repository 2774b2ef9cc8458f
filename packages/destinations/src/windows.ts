/**
 * Events that are asked for by their time, in a list that an API gives page by page, the newest first: what is still
 * to be asked, and how. Everything is in epoch milliseconds.
 */
export type Scan = {
  /** The times that are not asked yet, each once, the newest first; never empty. */
  times: readonly number[];
  /** How far back the next window may reach. */
  spanMs: number;
  /** Of the next window, from 1: pages follow each other only in a window of one single time. */
  page: number;
};

/** What to ask for: both ends included. */
export type Window = { fromMs: number; toMs: number; page: number };

/** What a page has shown: the times of its events in its order, and whether another one follows. */
export type Page = { times: readonly number[]; isLast: boolean };

/** Stored times may be off by this: Lago before 1.48 kept them as floating point. */
export const TIME_TOLERANCE_MS = 1;

/** A page's worth of time where nothing is known of the account. */
const FIRST_SPAN_MS = 3_600_000;
/** A page with fewer events than this says that a window may be wider. */
const FEW = 25;
const WIDER = 4;

/** Divides times to scans of equal size, which lie evenly apart: where not all can be asked, each has its share. */
export function planScans(times: Iterable<number>, scans: number): Scan[] {
  const all = [...new Set(times)].sort((one, other) => other - one);
  const size = Math.max(1, Math.ceil(all.length / scans));
  return Array.from({ length: Math.ceil(all.length / size) }, (_, index) => ({
    times: all.slice(index * size, (index + 1) * size),
    spanMs: FIRST_SPAN_MS,
    page: 1,
  }));
}

/** From the newest time that is not asked back to the oldest one within the span: no further, since none of ours is there. */
export function nextWindow({ times, spanMs, page }: Scan): Window {
  const oldest = times[reachOf(times, spanMs) - 1]!;
  return { fromMs: oldest - TIME_TOLERANCE_MS, toMs: times[0]! + TIME_TOLERANCE_MS, page };
}

/**
 * What a page of `nextWindow(scan)` has answered: so many of the scan's times, and what remains of it. A page that is
 * not the last shows wholly what is newer than its last event, as long as it is in the order of time. Where that is
 * nothing, the window is narrowed; one of a single time is read page by page.
 */
export function afterPage(scan: Scan, page: Page): { answered: readonly number[]; rest: Scan | null } {
  const { times, spanMs } = scan;
  const asked = reachOf(times, spanMs);
  if (page.isLast) return advance(times, asked, page.times.length < FEW ? spanMs * WIDER : spanMs);
  const last = page.times.at(-1);
  const isOrdered = page.times.every((time, index) => index === 0 || time <= page.times[index - 1]!);
  if (scan.page === 1 && last !== undefined && isOrdered) {
    const isBehind = (time: number) => time - TIME_TOLERANCE_MS <= last;
    const behind = times.findIndex(isBehind);
    const answered = behind < 0 ? asked : Math.min(asked, behind);
    if (answered > 0) return advance(times, answered, Math.max(1, times[0]! - last));
  }
  const narrow = Math.floor((times[0]! - times[asked - 1]!) / WIDER);
  const rest = asked > 1 ? { times, spanMs: narrow, page: 1 } : { ...scan, page: scan.page + 1 };
  return { answered: [], rest };
}

/** How many of the times, from the newest on, lie within the span. */
function reachOf(times: readonly number[], spanMs: number): number {
  const beyond = times.findIndex((time) => time < times[0]! - spanMs);
  return beyond < 0 ? times.length : beyond;
}

function advance(times: readonly number[], answered: number, spanMs: number) {
  const left = times.slice(answered);
  return {
    answered: times.slice(0, answered),
    rest: left.length === 0 ? null : { times: left, spanMs, page: 1 },
  };
}
