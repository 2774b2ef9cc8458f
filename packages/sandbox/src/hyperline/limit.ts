import type { Answer } from '../answer.js';
import { SlidingWindow } from '../sliding-window.js';
import { HYPERLINE_TOO_MANY_REQUESTS } from './answers.js';

/**
 * Hyperline's limit: requests in any ten seconds, reads included. `X-RateLimit-Reset` is a date and time;
 * `Retry-After` is in seconds, on a 429 only. A refused request takes no place.
 */
export function createHyperlineLimit(
  requestsPer10Seconds: number | undefined,
): (nowMs: number, answer: () => Answer) => Answer {
  if (requestsPer10Seconds === undefined) return (_nowMs, answer) => answer();
  const window = new SlidingWindow(10_000);
  return (nowMs, answer) => {
    const isOver = window.count(nowMs) >= requestsPer10Seconds;
    const given = isOver ? HYPERLINE_TOO_MANY_REQUESTS : answer();
    if (!isOver) window.add(nowMs);
    const freeAtMs = window.freeAt(nowMs);
    const headers: Record<string, string> = {
      ...given.headers,
      'X-RateLimit-Limit': String(requestsPer10Seconds),
      'X-RateLimit-Remaining': String(requestsPer10Seconds - window.count(nowMs)),
      'X-RateLimit-Reset': new Date(freeAtMs).toISOString(),
    };
    if (isOver) headers['Retry-After'] = String(Math.ceil((freeAtMs - nowMs) / 1000));
    return { ...given, headers };
  };
}
