import type { RateLimiter } from '@meterbridge/delivery';

/** Grants permits at once, or when the test releases them. */
export type HeldLimiter = RateLimiter & {
  hold(): void;
  releaseOne(): void;
  release(): void;
  /** Permits asked for so far. */
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
    releaseOne() {
      held?.shift()?.();
    },
    release() {
      const waiting = held ?? [];
      held = undefined;
      for (const go of waiting) go();
    },
  };
}
