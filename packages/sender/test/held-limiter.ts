import type { RateLimiter } from '@meterbridge/delivery';

/** Slots at once, or when the test lets go. */
export type HeldLimiter = RateLimiter & {
  hold(): void;
  letOneGo(): void;
  release(): void;
  /** Slots asked for so far. */
  asked: number;
};

export function openLimiter(): HeldLimiter {
  let held: (() => void)[] | undefined;
  return {
    asked: 0,
    async schedule(job) {
      this.asked += 1;
      if (held) await new Promise<void>((resolve) => held!.push(resolve));
      return job();
    },
    async close() {},
    hold() {
      held = [];
    },
    letOneGo() {
      held?.shift()?.();
    },
    release() {
      const waiting = held ?? [];
      held = undefined;
      for (const go of waiting) go();
    },
  };
}
