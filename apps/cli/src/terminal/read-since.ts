import { hourAt } from '@meterbridge/delivery';

const UNIT_MS: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** The hour of `readTime`, in hours since 1970. */
export function readSince(text: string, now: number): number | null {
  const at = readTime(text, now);
  return at === null ? null : hourAt(at);
}

/**
 * A moment, in epoch milliseconds; null where the text is neither a time nor a duration.
 * @param text so long ago, as `90m`, `24h`, `7d`; or a time as ISO 8601 writes it, in UTC where it has no
 *   offset; a date alone is its midnight
 * @param now epoch milliseconds
 */
export function readTime(text: string, now: number): number | null {
  const [, count, unit] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  if (count && unit) return now - Number(count) * UNIT_MS[unit]!;
  const iso = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/.exec(text);
  if (!iso) return null;
  // A time without an offset would be this machine's; hours are counted in UTC.
  const [, time, offset] = iso;
  const at = Date.parse(time && !offset ? `${text}Z` : text);
  return Number.isNaN(at) ? null : at;
}

/** @param hour in hours since 1970 */
export function isoHour(hour: number): string {
  return `${new Date(hour * 3_600_000).toISOString().slice(0, 16)}Z`;
}
