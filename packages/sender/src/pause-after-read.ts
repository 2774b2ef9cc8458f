import { type HttpAnswer, readRefusedWaitMs, readSpentWaitMs } from '@meterbridge/destinations';

/** A read that failed is most likely not the last one. */
const PAUSE_MS = 5_000;

/**
 * For how long, in milliseconds, nothing more should be read after an answer to a read; 0 where it was one (404 is: it
 * says that something is not there) and leaves some of the limit.
 * @param now epoch milliseconds, for limits that are told as a date
 */
export function pauseAfterRead(answer: HttpAnswer, now: number): number {
  if ('error' in answer) return PAUSE_MS;
  const { status, headers } = answer;
  if (status === 429) return readRefusedWaitMs(headers, now);
  if (status !== 200 && status !== 404) return PAUSE_MS;
  return readSpentWaitMs(headers, now) ?? 0;
}
