import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_EVERY_MS = 1_000;

/**
 * Looks for work a second after the look before, until the process drains.
 * @param onProblem told of a look that failed; the next one comes
 */
export async function lookOnAndOn(
  look: () => Promise<void>,
  { draining, onProblem }: { draining: AbortSignal; onProblem: ((error: Error) => void) | undefined },
): Promise<void> {
  while (!draining.aborted) {
    await look().catch((error: Error) => {
      if (!draining.aborted) onProblem?.(error);
    });
    await sleep(LOOK_EVERY_MS, undefined, { signal: draining }).catch(() => {});
  }
}
