import { setTimeout as sleep } from 'node:timers/promises';
import type { GateDecision, RateLimiter } from '@meterbridge/delivery';

export type PermitsOptions = {
  limiter: RateLimiter;
  /** Epoch milliseconds. */
  now: () => number;
  /** Whether the gate lets a request through now. */
  decide: () => GateDecision;
  /** Makes a request with a granted permit. @param askedAt when the permit was asked for, epoch milliseconds */
  use: (askedAt: number) => Promise<void>;
  /** Called once a permit is given back. @param wasUsed false where the limiter is closing, or after a bug */
  onReturned: (wasUsed: boolean) => void;
};

/** How often a closed gate is looked at again: another worker may have opened it. */
export const GATE_POLL_MS = 250;

/** Asks the limiter for permits, each good for one request, and reserves one where a job has to know that it may send. */
export class Permits {
  private readonly options: PermitsOptions;
  /** Permits that are asked for or in use. */
  private open = 0;
  /** By those who wait to reserve a permit: what tells them that none will come any more. */
  private readonly reserving = new Set<() => void>();
  private isDraining = false;

  constructor(options: PermitsOptions) {
    this.options = options;
  }

  /** Asks until `wanted` permits are asked for or in use. */
  askUpTo(wanted: number): void {
    while (this.open < wanted) void this.ask();
  }

  /** Resolves with a permit in hand, while the gate is open, to what releases it; null while draining. */
  async whenOpen(): Promise<(() => void) | null> {
    while (!this.isDraining) {
      const release = this.options.decide().may === 'wait' ? null : await this.reserve();
      if (release) return release;
      if (!this.isDraining) await sleep(GATE_POLL_MS);
    }
    return null;
  }

  /** Reserves nothing more. */
  drain(): void {
    this.isDraining = true;
    for (const giveUp of this.reserving) giveUp();
  }

  /** @param whenGranted is waited for with the permit in hand */
  private async ask(whenGranted?: () => Promise<void>): Promise<void> {
    const { limiter, now, use, onReturned } = this.options;
    this.open += 1;
    const askedAt = now();
    const wasUsed = await limiter
      .schedule(async () => {
        await whenGranted?.();
        await use(askedAt);
      })
      .then(
        () => true,
        () => false,
      );
    this.open -= 1;
    onReturned(wasUsed);
  }

  /** Resolves with a permit in hand to what releases it; to null where there is no use for one now. */
  private reserve(): Promise<(() => void) | null> {
    return new Promise((resolve) => {
      const giveUp = () => resolve(null);
      this.reserving.add(giveUp);
      void this.ask(
        () =>
          new Promise<void>((release) => {
            const isOpen = !this.isDraining && this.options.decide().may !== 'wait';
            resolve(isOpen ? release : null);
            if (!isOpen) release();
          }),
      ).finally(() => {
        this.reserving.delete(giveUp);
        giveUp();
      });
    });
  }
}
