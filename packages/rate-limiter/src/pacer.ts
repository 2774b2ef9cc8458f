import { setTimeout as sleep } from 'node:timers/promises';

/** Hands out moments to start at, evenly spaced. */
export type Pacer = {
  /** Resolves when the next moment is there. May stay pending for ever once the pacer is closed. */
  nextSlot(): Promise<void>;
  close(): Promise<void>;
};

/** No spacing: every moment will do. */
export const unpaced: Pacer = {
  nextSlot: async () => {},
  close: async () => {},
};

/** Spaces the starts of this process alone. */
export function createLocalPacer(minTimeMs: number): Pacer {
  let nextAt = 0;
  const closed = new AbortController();
  return {
    async nextSlot() {
      const at = Math.max(nextAt, performance.now());
      nextAt = at + minTimeMs;
      await sleep(at - performance.now(), undefined, { signal: closed.signal });
    },
    async close() {
      closed.abort();
    },
  };
}
