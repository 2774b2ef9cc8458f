import { setTimeout as sleep } from 'node:timers/promises';

export type WaitForOptions = {
  /** Default: two minutes. It ends a test that hangs, and no machine is that busy; a condition that holds costs none of it. */
  timeoutMs?: number;
  /** Ends the sentence "Waited in vain for ...". */
  what: string;
};

const POLL_EVERY_MS = 10;

/**
 * Waits until a condition gives something truthy, and returns that. A condition that throws is not there
 * yet; the last error becomes the cause.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  { timeoutMs = 120_000, what }: WaitForOptions,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    let cause: unknown;
    try {
      const value = await condition();
      if (value) return value;
    } catch (error) {
      cause = error;
    }
    if (Date.now() >= deadline) {
      throw new Error(`Waited in vain for ${what} (${timeoutMs} ms)`, cause === undefined ? {} : { cause });
    }
    await sleep(POLL_EVERY_MS);
  }
}
