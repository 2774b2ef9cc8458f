import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Config,
  type ConfigProblem,
  configFile,
  describeProblems,
  findRedisUrl,
  type LoadOptions,
  loadConfig,
  namedSecrets,
  secretsOf,
} from '@meterbridge/config';
import { descriptions } from '@meterbridge/destinations/descriptions';
import { OperationError, type Operations, type RunningSystem, readWords } from '@meterbridge/operations';
import { createScrubber } from '@meterbridge/telemetry';
import { isUnset } from './stack/decide-stand-ins.js';
import { STACK_FILES } from './stack/stack-files.js';
import { currentActor } from './terminal/current-actor.js';
import { howToRun } from './terminal/hint.js';
import { waitingForRedis } from './terminal/waiting-for-redis.js';
import { printNoteText } from './terminal/wrap-text.js';

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
  const found = readStack(STACK_FILES.up)?.env ?? readStack(STACK_FILES.demo)?.env;
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

type RunningStack = { pid: number; env: Record<string, string>; startedAt: number };

/** The `up` that runs in this folder; null where none does. */
export function runningStack(): RunningStack | null {
  return readStack(STACK_FILES.up);
}

function readStack(file: string): RunningStack | null {
  const path = join(STATE_DIRECTORY, file);
  try {
    const stack = JSON.parse(readFileSync(path, 'utf8')) as {
      pid: number;
      env: Record<string, string>;
    };
    process.kill(stack.pid, 0);
    const { RECEIVER_PORT: _receiver, WORKER_PORT: _worker, ...env } = stack.env;
    return { pid: stack.pid, env, startedAt: statSync(path).mtimeMs };
  } catch {
    return null;
  }
}

/** What stands in `.env` now, where it is not what `up` has read; null where it is. */
export function changedEnvWords(): string | null {
  const stack = runningStack();
  if (!stack || !existsSync('.env') || statSync('.env').mtimeMs <= stack.startedAt) return null;
  return 'saved since `up` began here, which goes on with what it read then: end it with Ctrl-C and start it again';
}

/** @throws CommandError that lists every problem of the file */
export function readConfig(env: NodeJS.ProcessEnv, options: LoadOptions = {}): Config {
  const file = configFile(env);
  const loaded = loadConfig({ file, env, ...options });
  if (!loaded.ok) throw new CommandError(describeProblems(loaded.problems, file));
  return loaded.config;
}

/** @throws CommandError as `readConfig`; it says what runs here in spite of it, or that nothing does */
function readConfigInUse(): Config {
  const env = readCommandEnv(process.env);
  const file = configFile(env);
  const loaded = loadConfig({ file, env });
  if (loaded.ok) return loaded.config;
  throw refusal(loaded.problems, file, env);
}

function isStackHere(): boolean {
  return Object.values(STACK_FILES).some((file) => readStack(file));
}

function refusal(problems: readonly ConfigProblem[], file: string, env: NodeJS.ProcessEnv): CommandError {
  const words = describeProblems(problems, file);
  if (isStackHere()) {
    return new CommandError(
      `${words}\nNothing was done. What runs here goes on with the configuration from before.`,
    );
  }
  const isElsewhere = Boolean(env.REDIS_URL);
  return isElsewhere || !lacksOnlyKeys(file, env) ? new CommandError(words) : nothingRuns();
}

/** Whether nothing is wrong with the file itself, or there is none. */
export function lacksOnlyKeys(file: string, env: NodeJS.ProcessEnv): boolean {
  return !existsSync(file) || loadConfig({ file, env, allowUnset: true }).ok;
}

function nothingRuns(): CommandError {
  return new CommandError(
    `Nothing runs here: no \`meterbridge up\` has this folder, and REDIS_URL is not set.
Start it:              ${howToRun('up')}
To look at another:    set REDIS_URL, and the keys that its configuration names`,
  );
}

/** One line: `check` says the rest. */
function notInForce(file: string, env: NodeJS.ProcessEnv, problems: readonly ConfigProblem[]): string {
  if (lacksOnlyKeys(file, env)) return `${file} lacks variables here; this goes by what is in force`;
  const line = problems.find((problem) => problem.line !== undefined)?.line;
  return `${file} is not in force: a mistake${line === undefined ? '' : ` in line ${line}`} (see ${howToRun('check')})`;
}

/**
 * Opens a system to look at it and to hold. Where the file cannot be used, by what the processes say is in force: a
 * mistake that was saved takes nobody's eyes, and nobody's brake.
 * @throws CommandError, OperationError
 */
export async function withRunningSystem<T>(act: (system: RunningSystem) => Promise<T>): Promise<T> {
  const env = readCommandEnv(process.env);
  const file = configFile(env);
  const loaded = loadConfig({ file, env });
  if (loaded.ok) return withOperations(act);
  const url = findRedisUrl({ file, env });
  if (url === null) throw refusal(loaded.problems, file, env);
  const { openRunning } = await import('@meterbridge/operations');
  const scrub = createScrubber(namedSecrets({ file, env }));
  const system = await waitingForRedis(url, openRunning(url, { actor: currentActor(), scrub }));
  if (system === null) throw refusal(loaded.problems, file, env);
  try {
    printNoteText(notInForce(file, env, loaded.problems));
    return await act(system);
  } finally {
    system.close();
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
  const opening = openOperations(config, { actor, scrub: createScrubber(secretsOf(config)) });
  const ops = await waitingForRedis(config.redis.url, opening);
  try {
    return await act(ops);
  } finally {
    ops.close();
  }
}
