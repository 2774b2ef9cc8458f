import { setTimeout as sleep } from 'node:timers/promises';
import { openOperations, watchStatus } from '@meterbridge/operations';
import { readConfig } from '../../load-context.js';
import { renderCounts } from './render-counts.js';

/** Until Redis is asked again that did not answer. */
const AGAIN_AFTER_MS = 1_000;
/** Until the configuration is read again: it may have another destination by then. */
const LOOKS = 30;

/**
 * Tells the counts of everything once a second, whatever becomes of Redis meanwhile.
 * @param env of the stack
 * @param signal ends it
 */
export async function watchCounts(
  env: NodeJS.ProcessEnv,
  onCounts: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await look(env, onCounts, signal);
    } catch {
      // Redis is away, or the saved file is wrong: whom it concerns says so. Counts end no stack.
      await sleep(AGAIN_AFTER_MS, undefined, { signal }).catch(() => {});
    }
  }
}

async function look(
  env: NodeJS.ProcessEnv,
  onCounts: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const ops = await openOperations(readConfig(env), { actor: 'meterbridge up', scrub: (text) => text });
  try {
    let looks = 0;
    for await (const status of watchStatus(ops)) {
      looks += 1;
      if (signal.aborted || looks > LOOKS) return;
      onCounts(renderCounts(status));
    }
  } finally {
    ops.close();
  }
}
