import { setTimeout as sleep } from 'node:timers/promises';
import { type BottleneckRun, openBottleneck } from './bottleneck-run.js';
import type { Pacer } from './pacer.js';

/**
 * - `redis_unreachable`: nothing starts until Redis is back.
 * - `slots_lost`: Redis answered with an error, as it does when it was flushed or has forgotten this
 *   process; a new bottleneck takes over.
 */
export type LimiterProblem = 'redis_unreachable' | 'slots_lost';

export type SharedPacerOptions = {
  id: string;
  requestsPerSecond: number;
  redisUrl: string;
  onProblem: (problem: LimiterProblem) => void;
};

const FIRST_REOPEN_DELAY_MS = 50;
const MAX_REOPEN_DELAY_MS = 5_000;

/**
 * Spaces the starts of all processes that use the same id on the same Redis, by Redis' clock.
 *
 * Bottleneck keeps the line: turns come evenly, first come, first served over all processes. The start log
 * has the last word, so that the rate holds whatever happened since a turn was given.
 *
 * A bottleneck whose Redis was flushed or restarted, or that Redis has forgotten because this process stood
 * still, refuses every call from then on. It is replaced, and only the waiting for a permit starts again: no
 * job has run by then, so none can run twice.
 */
export function createSharedPacer(options: SharedPacerOptions): Pacer {
  // At once, and not for the first turn: on a new Redis a second has to pass before it.
  let run: BottleneckRun | undefined = openBottleneck(options);
  let failures = 0;
  let isClosed = false;

  return {
    async nextSlot() {
      while (!isClosed) {
        run ??= openBottleneck(options);
        const used = run;
        if (await used.takeSlot()) {
          failures = 0;
          return;
        }
        // Of several that wait on the same one, the first replaces it.
        if (run === used) {
          run = undefined;
          failures += 1;
          if (!isClosed) options.onProblem('slots_lost');
        }
        await sleep(Math.min(FIRST_REOPEN_DELAY_MS * 2 ** (failures - 1), MAX_REOPEN_DELAY_MS));
      }
      await new Promise<never>(() => {});
    },
    async close() {
      isClosed = true;
      await run?.close();
    },
  };
}
