import { setTimeout as sleep } from 'node:timers/promises';
import { type Config, configFile, loadConfig } from '@meterbridge/config';
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
  let config = readConfig(env);
  while (!signal.aborted) {
    try {
      config = latest(env) ?? config;
      await look(config, onCounts, signal);
    } catch {
      // Redis is away: whom it concerns says so. Counts end no stack.
      await sleep(AGAIN_AFTER_MS, undefined, { signal }).catch(() => {});
    }
  }
}

/** What is saved; undefined while it has a mistake, and is not in force. */
function latest(env: NodeJS.ProcessEnv): Config | undefined {
  const loaded = loadConfig({ file: configFile(env), env });
  return loaded.ok ? loaded.config : undefined;
}

async function look(config: Config, onCounts: (line: string) => void, signal: AbortSignal): Promise<void> {
  const ops = await openOperations(config, { actor: 'meterbridge up', scrub: (text) => text });
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
