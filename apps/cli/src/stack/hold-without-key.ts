import { type Config, describeProblems, loadConfig } from '@meterbridge/config';
import { holdDestination, OperationError, openOperations, resumeDestination } from '@meterbridge/operations';
import { lookAtGate } from '@meterbridge/queue';
import { HELD_WITHOUT_KEY, NO_KEY } from './decide-stand-ins.js';

const ACTOR = 'meterbridge up';

/** @throws OperationError (`invalid_input`) that lists every problem of the file: a process would only end with it */
export function loadStackConfig(file: string, env: NodeJS.ProcessEnv): Config {
  const loaded = loadConfig({ file, env });
  if (!loaded.ok) throw new OperationError('invalid_input', describeProblems(loaded.problems, file));
  return loaded.config;
}

/**
 * Holds each destination that has no key before a worker starts, and lets go the ones that have one by now: what comes
 * for them waits, and is neither delivered to a stand-in nor sent without a key. @returns the names of those held
 */
export async function holdWithoutKey(config: Config): Promise<string[]> {
  const ops = await openOperations(config, { actor: ACTOR, scrub: (text) => text });
  try {
    const held: string[] = [];
    for (const { name, apiKey } of config.destinations) {
      const { handHold } = await lookAtGate(name, ops.redis);
      if (apiKey === NO_KEY) {
        held.push(name);
        // Another person's hold stays theirs.
        if (!handHold) await holdDestination(ops, name, HELD_WITHOUT_KEY);
      } else if (handHold?.by === ACTOR && handHold.reason === HELD_WITHOUT_KEY)
        await resumeDestination(ops, name);
    }
    return held;
  } finally {
    ops.close();
  }
}
