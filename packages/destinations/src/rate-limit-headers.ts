import type { HttpAnswer } from './http-answer.js';

type Headers = Extract<HttpAnswer, { status: number }>['headers'];

const LONGEST_WAIT_MS = 10 * 60_000;
const SHORTEST_WAIT_MS = 1_000;
/** Where a 429 does not say how long: Hyperline counts over ten seconds, Lago over one. */
const UNTOLD_WAIT_MS = 5_000;
/** Larger numbers in X-RateLimit-Reset are a point in time, in seconds or milliseconds since 1970. */
const LONGEST_RELATIVE_SECONDS = 100_000_000;
const FIRST_EPOCH_MS = 100_000_000_000;

/** How long a 429 asks us to wait: the longest of what it says, between a second and ten minutes. */
export function readRefusedWaitMs(headers: Headers, now: number): number {
  return Math.max(SHORTEST_WAIT_MS, readToldWaitMs(headers, now) ?? UNTOLD_WAIT_MS);
}

/** How long to wait after an answer that spent the last of the limit; undefined where there is no need. */
export function readSpentWaitMs(headers: Headers, now: number): number | undefined {
  const remaining = headers['x-ratelimit-remaining']?.trim();
  if (!remaining || Number(remaining) > 0 || Number.isNaN(Number(remaining))) return undefined;
  return readToldWaitMs(headers, now) || undefined;
}

/**
 * Lago tells X-RateLimit-Reset in seconds, Hyperline as a date and time, with Retry-After in seconds beside
 * it. Either is understood from both.
 */
function readToldWaitMs(headers: Headers, now: number): number | undefined {
  const told = [headers['retry-after'], headers['x-ratelimit-reset']]
    .map((text) => readWaitMs(text, now))
    .filter((wait) => wait !== undefined);
  if (told.length === 0) return undefined;
  return Math.min(LONGEST_WAIT_MS, Math.max(0, Math.ceil(Math.max(...told))));
}

function readWaitMs(header: string | undefined, now: number): number | undefined {
  const text = header?.trim();
  if (!text) return undefined;
  const number = Number(text);
  if (!Number.isNaN(number)) {
    if (number < LONGEST_RELATIVE_SECONDS) return number * 1000;
    return (number < FIRST_EPOCH_MS ? number * 1000 : number) - now;
  }
  // A date without a zone would be read in this machine's own.
  const at = Date.parse(/(?:Z|GMT|UTC|[+-]\d{2}:?\d{2})$/i.test(text) ? text : `${text}Z`);
  return Number.isNaN(at) ? undefined : at - now;
}
