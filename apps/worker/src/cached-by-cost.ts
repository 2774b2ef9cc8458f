import { setTimeout as sleep } from 'node:timers/promises';

/** What is costly to find out is found out again after so many times as long as it took. */
const REST_FACTOR = 20;
/** How long who asks waits for it. */
const PATIENCE_MS = 300;

/**
 * Makes a costly look cheap enough for whoever asks often: it is taken again when the last one is twenty times
 * as old as it took, and who asks meanwhile, or finds it too slow, is given the last. Undefined until there is
 * one, and from a failure on until the next: what cannot be known is not told.
 * @param now milliseconds, of any clock that only goes forward
 */
export function cachedByCost<T>(
  look: () => Promise<T>,
  now: () => number = () => performance.now(),
): () => Promise<T | undefined> {
  let last: T | undefined;
  let dueAt = Number.NEGATIVE_INFINITY;
  let looking: Promise<void> | undefined;

  async function lookAgain(): Promise<void> {
    const began = now();
    try {
      last = await look();
    } catch {
      last = undefined;
    }
    const ended = now();
    dueAt = ended + REST_FACTOR * (ended - began);
    looking = undefined;
  }

  return async () => {
    if (!looking && now() >= dueAt) looking = lookAgain();
    if (looking) {
      const patience = new AbortController();
      const given = sleep(PATIENCE_MS, undefined, { signal: patience.signal }).catch(() => {});
      await Promise.race([looking, given]);
      patience.abort();
    }
    return last;
  };
}
