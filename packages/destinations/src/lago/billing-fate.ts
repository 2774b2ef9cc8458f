import type { JsonObject } from '@meterbridge/segment-events';
import type { BillingTimes, Fate } from '../destination.js';

/**
 * Reads one subscription of an answer (OpenAPI: SubscriptionObject); null where it has no id or a time is none. Lago
 * tells `started_at` to the millisecond and every other time cut to the second: an end may be any moment of its second.
 */
export function periodOf(item: JsonObject): BillingTimes | null {
  const { external_id: subscription, status } = item;
  if (typeof subscription !== 'string' || subscription === '') return null;
  const started = readTime(item.started_at, 0);
  const terminated = readTime(item.terminated_at, LAST_MS);
  const planned = readTime(item.ending_at, LAST_MS);
  const openFrom = readTime(item.current_billing_period_started_at, 0);
  const openTo = readTime(item.current_billing_period_ending_at, LAST_MS);
  if ([started, terminated, planned, openFrom, openTo].some(Number.isNaN)) return null;
  if (started === null && status !== 'pending') return null;
  return {
    subscription,
    startedMs: started,
    endedMs: terminated ?? planned,
    isEnded: terminated !== null,
    openFromMs: openFrom,
    openToMs: openTo,
  };
}

/**
 * Whether an event of this time is billed under one subscription row. Of all but an `open` one Lago takes the event with
 * a 200 and bills at most what is paid in advance or carried over (recurring). What lies after the open period is `open` too:
 * its period is yet to come.
 * @param atMs epoch milliseconds
 */
export function fateOf(atMs: number, times: BillingTimes): Fate {
  const { startedMs, endedMs, isEnded, openFromMs } = times;
  if (startedMs === null || atMs < startedMs) return 'before_its_start';
  if (endedMs !== null && atMs > endedMs) return 'after_its_end';
  if (isEnded) return 'late_for_its_period';
  if (openFromMs === null) return 'unknown';
  return atMs < openFromMs ? 'late_for_its_period' : 'open';
}

/** The better the earlier: an upgraded subscription is several rows of one id, and any of them may bill an event. */
const BEST_FIRST: readonly Fate[] = [
  'open',
  'unknown',
  'late_for_its_period',
  'after_its_end',
  'before_its_start',
];

/** The fate of an event under an id with all of its rows; `unknown` where there is no row. */
export function fateAmong(atMs: number, rows: readonly BillingTimes[]): Fate {
  const fates = rows.map((times) => fateOf(atMs, times));
  return BEST_FIRST.find((fate) => fates.includes(fate)) ?? 'unknown';
}

/**
 * Whether a row that was read before has to be read again: its open period is over by now, and what it calls open
 * may have been billed since.
 * @param nowMs epoch milliseconds
 */
export function isOutdated({ isEnded, openToMs }: BillingTimes, nowMs: number): boolean {
  return !isEnded && openToMs !== null && nowMs > openToMs;
}

/** What a time may lose when Lago cuts it to the second. */
const LAST_MS = 999;

/**
 * Null for a time that is not there, not a number for a text that is none.
 * @param cutMs added where the text has no fraction of a second
 */
function readTime(text: unknown, cutMs: number): number | null {
  if (text === null || text === undefined) return null;
  const at = typeof text === 'string' ? Date.parse(text) : Number.NaN;
  return String(text).includes('.') ? at : at + cutMs;
}
