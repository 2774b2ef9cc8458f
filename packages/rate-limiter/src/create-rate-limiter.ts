import type { RateLimiter } from '@meterbridge/delivery';
import { LimiterClosedError } from './limiter-closed-error.js';
import { createLocalPacer, type Pacer, unpaced } from './pacer.js';
import { createPermits } from './permits.js';
import { createSharedPacer, type LimiterProblem } from './shared-pacer.js';
import { createWaitingLine } from './waiting-line.js';

export type RateLimiterOptions = {
  /** Names the account whose budget is shared, for example the destination's name. */
  id: string;
  /** Over all processes on the same Redis. Left out: no limit, and no Redis is used. */
  requestsPerSecond?: number;
  /** Jobs of this process that run at once; a job that waits for its moment counts. */
  concurrency: number;
  /** Left out: the rate is kept within this process only. */
  redisUrl?: string;
  /** Told of what the limiter lives through by itself. */
  onProblem?: (problem: LimiterProblem) => void;
};

/**
 * Makes the limiter of one destination account. The rate is kept by even spacing, without bursts, and over
 * all processes never exceeded in any second. When Redis is away, jobs wait; when it comes back empty, or
 * has forgotten this process, they go on.
 */
export function createRateLimiter(options: RateLimiterOptions): RateLimiter {
  const permits = createPermits(options.concurrency);
  const pacer = choosePacer(options);
  const line = createWaitingLine();
  const waiting = new Set<() => void>();
  let isClosed = false;

  function orClosed(work: () => Promise<void>): Promise<void> {
    if (isClosed) return Promise.reject(new LimiterClosedError());
    return new Promise((resolve, reject) => {
      const cancel = () => reject(new LimiterClosedError());
      waiting.add(cancel);
      work()
        .then(resolve, reject)
        .finally(() => waiting.delete(cancel));
    });
  }

  /** One for each that waits. Once the limiter is closed nobody takes what is granted. */
  async function askForSlot(): Promise<void> {
    await permits.acquire();
    try {
      await pacer.nextSlot();
      line.next();
    } catch (error) {
      permits.release();
      line.next(error);
    }
  }

  return {
    async schedule(job, priority = 0) {
      // A permit goes to whoever is first once it is there, not to who asked for it: nobody waits behind a lesser one.
      await orClosed(() => {
        const turn = line.wait(priority);
        void askForSlot();
        return turn;
      });
      try {
        return await job();
      } finally {
        permits.release();
      }
    },
    async close() {
      isClosed = true;
      for (const cancel of waiting) cancel();
      await pacer.close();
    },
  };
}

function choosePacer({ id, requestsPerSecond, redisUrl, onProblem }: RateLimiterOptions): Pacer {
  if (requestsPerSecond === undefined) return unpaced;
  if (redisUrl === undefined) return createLocalPacer(1_000 / requestsPerSecond);
  return createSharedPacer({ id, requestsPerSecond, redisUrl, onProblem: onProblem ?? (() => {}) });
}
