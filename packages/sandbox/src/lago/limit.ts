import type { Answer } from '../answer.js';
import { SlidingWindow } from '../sliding-window.js';
import { LAGO_TOO_MANY_REQUESTS } from './answers.js';

/** Runs an answer under a limit. */
export type Limit = (nowMs: number, answer: () => Answer) => Answer;

/**
 * Lago Cloud's limit: per organization, requests in any second, its headers on every answer, and
 * `X-RateLimit-Reset` in seconds from now. A refused request takes no place.
 */
export function createLagoLimit(requestsPerSecond: number | undefined): Limit {
  if (requestsPerSecond === undefined) return (_nowMs, answer) => answer();
  const window = new SlidingWindow(1000);
  return (nowMs, answer) => {
    const isOver = window.count(nowMs) >= requestsPerSecond;
    const given = isOver ? LAGO_TOO_MANY_REQUESTS : answer();
    if (!isOver) window.add(nowMs);
    const headers = {
      'X-RateLimit-Limit': String(requestsPerSecond),
      'X-RateLimit-Remaining': String(requestsPerSecond - window.count(nowMs)),
      'X-RateLimit-Reset': String(Math.ceil((window.freeAt(nowMs) - nowMs) / 1000)),
    };
    return { ...given, headers: { ...given.headers, ...headers } };
  };
}
