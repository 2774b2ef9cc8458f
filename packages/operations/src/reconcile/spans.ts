import type { EventSpan } from '@meterbridge/receipts';
import { groupBy } from './group-by.js';

/** Usage of one code in a span of its own time, and how much of it the books have. */
export type CodeSpan = { code: string; span: EventSpan; booked: number };

/** How the books count: by hour, in hours since 1970, and code. */
export type BookedCount = { hour: number; code: string; usages: number };

const HOUR_MS = 3_600_000;

/**
 * The spans that are counted at the API, a request each: every hour in which the books have something of a code, and
 * what lies between such hours as one span. In the order of their beginning. Pure.
 * @param counts of the span
 */
export function planSpans(
  counts: readonly BookedCount[],
  codes: readonly string[],
  span: EventSpan,
): CodeSpan[] {
  const byCode = groupBy(counts, ({ code }) => code);
  return codes
    .flatMap((code) => spansOf(code, byCode.get(code) ?? [], span))
    .sort((a, b) => a.span.from - b.span.from || (a.code < b.code ? -1 : 1));
}

function spansOf(code: string, counts: readonly BookedCount[], { from, to }: EventSpan): CodeSpan[] {
  const spans: CodeSpan[] = [];
  let at = from;
  const add = (end: number, booked: number) => {
    if (end > at) spans.push({ code, span: { from: at, to: end }, booked });
    at = Math.max(at, end);
  };
  for (const { hour, usages } of counts.toSorted((a, b) => a.hour - b.hour)) {
    add(Math.min(to, hour * HOUR_MS), 0);
    add(Math.min(to, (hour + 1) * HOUR_MS), usages);
  }
  add(to, 0);
  return spans;
}

/** A span in portions of whole multiples of a length since 1970, but for its ends. Pure. */
export function portionsOf({ from, to }: EventSpan, lengthMs: number): EventSpan[] {
  const portions: EventSpan[] = [];
  for (let at = from; at < to; ) {
    const end = Math.min(to, (Math.floor(at / lengthMs) + 1) * lengthMs);
    portions.push({ from: at, to: end });
    at = end;
  }
  return portions;
}

/** Two halves, in milliseconds; null for a span of a single one. Pure. */
export function halve({ from, to }: EventSpan): [EventSpan, EventSpan] | null {
  const middle = Math.floor((from + to) / 2);
  if (middle <= from) return null;
  return [
    { from, to: middle },
    { from: middle, to },
  ];
}

/** How many of the times, in ascending order, lie within a span. Pure. */
export function countWithin(times: readonly number[], { from, to }: EventSpan): number {
  return firstFrom(times, to) - firstFrom(times, from);
}

/** The place of the first that is not before a time. */
function firstFrom(times: readonly number[], time: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle]! < time) low = middle + 1;
    else high = middle;
  }
  return low;
}
