import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Config, configFile, describeProblems, type LoadOptions, loadConfig } from '@meterbridge/config';
import { connectConsumer, connectProducer } from '@meterbridge/queue';
import type { Redis } from 'ioredis';
import { STACK_FILES } from './stack/stack.js';

/** Where `up` and `demo` keep what they need between runs. */
export const STATE_DIRECTORY = '.meterbridge';

/** What a person should read instead of a stack trace. */
export class CommandError extends Error {
  override name = 'CommandError';
  readonly code = 'command_failed';
}

/**
 * The environment, and behind it what a stack that runs here made up for itself: commands in a second
 * terminal find its Redis and its sandbox without being told. A demonstration is found where nothing else runs.
 */
export function readCommandEnv(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const found = readStackEnv(STACK_FILES.up) ?? readStackEnv(STACK_FILES.demo);
  return { ...found, ...env };
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

/** What to tell where no Redis answers; shows nothing of its password. */
export function noAnswer(url: string): CommandError {
  const shown = url.replace(/\/\/.*@/, '//…@').replace(/\?.*$/, '?…');
  return new CommandError(`Redis does not answer at ${shown}. Is it running? REDIS_URL names another.`);
}

/** How long a Redis is waited for that does not answer. */
const CONNECT_MS = 5_000;

/** A connection for one command, which waits for Redis from then on. @throws CommandError when Redis does not answer within five seconds */
export async function openRedis(url: string): Promise<Redis> {
  const redis = connectConsumer(url, () => {});
  const late = new Promise<never>((_, reject) => {
    setTimeout(() => reject(noAnswer(url)), CONNECT_MS).unref();
  });
  try {
    await Promise.race([redis.ping(), late]);
    return redis;
  } catch (error) {
    redis.disconnect();
    throw error;
  }
}

/**
 * A connection that sends nothing again by itself, and fails at once while Redis is away.
 * @throws CommandError when Redis does not answer within five seconds
 */
export async function openProducer(url: string): Promise<Redis> {
  const redis = connectProducer(url, () => {});
  const deadline = performance.now() + CONNECT_MS;
  while (redis.status !== 'ready') {
    if (performance.now() > deadline) {
      redis.disconnect();
      throw noAnswer(url);
    }
    await sleep(20);
  }
  return redis;
}
