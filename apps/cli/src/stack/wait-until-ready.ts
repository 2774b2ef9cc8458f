import { setTimeout as sleep } from 'node:timers/promises';
import { OperationError } from '@meterbridge/operations';

/** Asks an URL until it answers 2xx. @throws OperationError that names it, when that takes too long */
export async function waitUntilReady(what: string, url: string, timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  let last = 'no answer';
  while (Date.now() < deadline) {
    try {
      const answer = await fetch(url, { signal: AbortSignal.timeout(1_000) });
      if (answer.ok) return;
      last = `HTTP ${answer.status}: ${(await answer.text()).slice(0, 200)}`;
    } catch {
      last = 'no answer';
    }
    await sleep(50);
  }
  throw new OperationError(
    'not_possible',
    `${what} did not become ready within ${timeoutMs / 1_000} s (${last})`,
  );
}
