import type { AuditLine } from '@meterbridge/queue';

/** A difference that is there at two looks so far apart is no matter of the moment. */
export const LASTS_AFTER_MS = 60_000;

/** So many lines are told one by one, the largest first; labels of a metric have to be few. */
export const MOST_LINES = 20;

/** One look at a destination's account. */
export type Look = {
  /** When it began: milliseconds of a clock that only goes forward. */
  at: number;
  difference: number;
};

/** A line of the audit that does not add up, in words. */
export type DifferenceLine = {
  /** The shard that has it; the first has the destination's name. */
  shard: string;
  /** ISO time; `earlier` is what no hour has, `others` the sum of what is not told one by one. */
  hour: string;
  source: string;
  difference: number;
};

/** What is remembered of a destination from one look to the next. */
export type Watched = {
  lastLookAt: number;
  /** The first look of those in a row at which it did not add up. */
  since: number | null;
  /** What the last audit found; nothing as long as none was asked for. */
  lines: readonly DifferenceLine[];
};

export const ADDS_UP: Watched = { lastLookAt: Number.NEGATIVE_INFINITY, since: null, lines: [] };

/**
 * Pure. What is remembered after a look, and whether the audit has to say where it does not add up: once the
 * difference lasts, and from then on at each new look until the audit finds nothing. Two mistakes that cancel out
 * in the account are still two.
 */
export function seeDifference(before: Watched, look: Look): { watched: Watched; askAudit: boolean } {
  if (look.at <= before.lastLookAt) return { watched: before, askAudit: false };
  const since = look.difference === 0 ? null : (before.since ?? look.at);
  const lasts = since !== null && look.at - since >= LASTS_AFTER_MS;
  return {
    watched: { ...before, lastLookAt: look.at, since },
    askAudit: lasts || before.lines.length > 0,
  };
}

/** Pure. The lines of an audit that do not add up, the largest first. */
export function differencesOf(audit: readonly AuditLine[]): DifferenceLine[] {
  return audit
    .filter(({ difference }) => difference !== 0)
    .map(toLine)
    .toSorted((one, other) => Math.abs(other.difference) - Math.abs(one.difference));
}

/** Pure. What is new or has changed since the last audit, and what is over. */
export function compareLines(
  before: readonly DifferenceLine[],
  now: readonly DifferenceLine[],
): { changed: DifferenceLine[]; gone: DifferenceLine[] } {
  const known = new Map(before.map((line) => [placeOf(line), line.difference]));
  const places = new Set(now.map(placeOf));
  return {
    changed: now.filter((line) => known.get(placeOf(line)) !== line.difference),
    gone: before.filter((line) => !places.has(placeOf(line))),
  };
}

/** Pure. Few enough to be told one by one: the first of them, and the sum of the others as one line. */
export function boundLines(destination: string, lines: readonly DifferenceLine[]): DifferenceLine[] {
  const others = lines.slice(MOST_LINES);
  if (others.length === 0) return [...lines];
  const difference = others.reduce((sum, line) => sum + line.difference, 0);
  const rest = { shard: destination, hour: 'others', source: 'others', difference };
  return [...lines.slice(0, MOST_LINES), rest];
}

function placeOf({ shard, hour, source }: DifferenceLine): string {
  return JSON.stringify([shard, hour, source]);
}

function toLine({ destination: shard, hour, source, difference }: AuditLine): DifferenceLine {
  if (hour === null) return { shard, hour: 'earlier', source: 'any', difference };
  const iso = `${new Date(hour * 3_600_000).toISOString().slice(0, 16)}Z`;
  return { shard, hour: iso, source: source ?? 'any', difference };
}
