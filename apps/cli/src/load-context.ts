import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Config,
  configFile,
  describeProblems,
  type LoadOptions,
  loadConfig,
  secretsOf,
} from '@meterbridge/config';
import { descriptions } from '@meterbridge/destinations/descriptions';
import { OperationError, type Operations, readWords } from '@meterbridge/operations';
import { createScrubber } from '@meterbridge/telemetry';
import { isUnset } from './stack/decide-stand-ins.js';
import { STACK_FILES } from './stack/stack-files.js';
import { currentActor } from './terminal/current-actor.js';

/** Where `up` and `demo` keep what they need between runs. */
export const STATE_DIRECTORY = '.meterbridge';

/** What a person should read instead of a stack trace. */
export class CommandError extends Error {
  override name = 'CommandError';
  readonly code = 'command_failed';
}

/** Whether its message is for the person at the terminal; any other error is a bug. */
export function isForPeople(error: unknown): error is CommandError | OperationError {
  return error instanceof CommandError || error instanceof OperationError;
}

/**
 * The environment, and behind it what a stack that runs here made up for itself: commands in a second
 * terminal find its Redis and its sandbox without being told. A demonstration is found where nothing else runs.
 */
export function readCommandEnv(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const found = readStackEnv(STACK_FILES.up) ?? readStackEnv(STACK_FILES.demo);
  // An empty variable says nothing, nor does what `.env.example` has for a key.
  const made = Object.entries(found ?? {}).filter(([name]) => isUnset(env[name]) || isOfStandIn(name, env));
  return { ...env, ...Object.fromEntries(made) };
}

/** Whether it is the address of an API without a key: who stands in for it is elsewhere. */
function isOfStandIn(name: string, env: NodeJS.ProcessEnv): boolean {
  const { url, apiKey } =
    Object.values(descriptions)
      .map((each) => each.env)
      .find((each) => each.url === name) ?? {};
  return url !== undefined && isUnset(env[apiKey!]);
}

function readStackEnv(file: string): Record<string, string> | undefined {
  try {
    const stack = JSON.parse(readFileSync(join(STATE_DIRECTORY, file), 'utf8')) as {
      pid: number;
      env: Record<string, string>;
    };
    process.kill(stack.pid, 0);
    const { RECEIVER_PORT: _receiver, WORKER_PORT: _worker, ...found } = stack.env;
    return found;
  } catch {
    return undefined;
  }
}

/** @throws CommandError that lists every problem of the file */
export function readConfig(env: NodeJS.ProcessEnv, options: LoadOptions = {}): Config {
  const file = configFile(env);
  const loaded = loadConfig({ file, env, ...options });
  if (!loaded.ok) throw new CommandError(describeProblems(loaded.problems, file));
  return loaded.config;
}

/** @throws CommandError as `readConfig`; where a stack runs on, it says so */
function readConfigInUse(): Config {
  try {
    return readConfig(readCommandEnv(process.env));
  } catch (error) {
    const isRunning = Object.values(STACK_FILES).some((file) => readStackEnv(file));
    if (!isRunning || !(error instanceof CommandError)) throw error;
    throw new CommandError(
      `${error.message}\nNothing was done. What runs here goes on with the configuration from before.`,
    );
  }
}

/**
 * Opens the system that the configuration in use describes, for what a command does with it.
 * @param as who is remembered for it; left out: whoever runs this command
 * @throws CommandError, OperationError
 */
export async function withOperations<T>(
  act: (ops: Operations) => Promise<T>,
  { as }: { as?: string | undefined } = {},
): Promise<T> {
  const config = readConfigInUse();
  const actor = as === undefined ? currentActor() : readWords('--as', as);
  // The client of Redis is loaded where a system is opened.
  const { openOperations } = await import('@meterbridge/operations');
  const ops = await openOperations(config, { actor, scrub: createScrubber(secretsOf(config)) });
  try {
    return await act(ops);
  } finally {
    ops.close();
  }
}
