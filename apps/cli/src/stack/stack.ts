import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { destinationTypes, kindOf } from '@meterbridge/destinations';
import { findFreePort, type LocalRedis, startLocalRedis } from '@meterbridge/local-redis';
import { BEHAVIOUR_VARIABLES, SANDBOX_APIS } from '@meterbridge/sandbox/apis';
import { type Child, startChild } from './child.js';
import { waitUntilReady } from './wait-until-ready.js';
import { watchConfig } from './watch-config.js';

export type StackOptions = {
  /** Where the local Redis keeps its data and the stack says where it runs. */
  directory: string;
  configFile: string;
  env: NodeJS.ProcessEnv;
  /** For one demonstration: nothing is kept, and the sandbox stands in whatever keys are set. */
  demo: boolean;
  onProgress: (line: string) => void;
  onLine: (name: string, line: string) => void;
};

export type Stack = {
  receiverUrl: string;
  workerUrl: string;
  redisUrl: string;
  /** Null when real APIs are used for everything. */
  sandboxUrl: string | null;
  /** The write key, where the stack made one up: then it is no secret. */
  madeUpWriteKey: string | undefined;
  /** The environment that the processes got; holds keys, never print it. */
  env: NodeJS.ProcessEnv;
  stop(): Promise<void>;
};

/**
 * What a command in another terminal needs to find a stack; only values the stack made up itself. One for
 * real use, one for a demonstration: they may run side by side.
 */
export const STACK_FILES = { up: 'stack.json', demo: 'demo.json' };

const READY_WITHIN_MS = 30_000;
const STOP_WITHIN_MS = 25_000;
const REDIS_LOOK_EVERY_MS = 500;

/** The key of a demonstration; a real one comes from SEGMENT_WRITE_KEY. */
export const DEMO_WRITE_KEY = 'demo-write-key';

/**
 * Starts Redis (unless REDIS_URL names one), the sandbox (for each API whose key is not set), the receiver
 * and a worker. Whatever dies is started again.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { directory, onProgress } = options;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const stops: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const each of stops.splice(0).reverse()) await each();
  };
  try {
    return await launch();
  } catch (error) {
    await stop();
    throw error;
  }

  async function launch(): Promise<Stack> {
    const made: Record<string, string> = {};
    const given = options.demo ? without(options.env, DEMO_MAKES_UP) : options.env;

    if (!given.REDIS_URL) {
      const redis = await startLocalRedis({
        // A demonstration's data are deleted with it: they are never those of real use.
        dataDir: join(directory, options.demo ? `demo-redis-${process.pid}` : 'redis'),
        ephemeral: options.demo,
        log: (line) => (line.startsWith('Installing') ? onProgress(line) : options.onLine('redis', line)),
      });
      stops.push(() => redis.stop());
      stops.push(keepRunning(redis, onProgress));
      made.REDIS_URL = redis.url;
      onProgress(`Redis: ${redis.url} (a write is on disk before it is answered)`);
    }

    const sandboxUrl = await standIn(given, made);

    if (!given.SEGMENT_WRITE_KEY) {
      made.SEGMENT_WRITE_KEY = DEMO_WRITE_KEY;
      onProgress(`Write key: ${DEMO_WRITE_KEY} (set SEGMENT_WRITE_KEY for your own)`);
    }
    made.RECEIVER_PORT = String(await choosePort('RECEIVER_PORT', 4000));
    made.WORKER_PORT = String(await choosePort('WORKER_PORT', 4001));
    made.METERBRIDGE_CONFIG = options.configFile;
    const env = { ...given, ...made };

    const receiver = start('receiver', '@meterbridge/receiver', env);
    const worker = start('worker', '@meterbridge/worker', env);
    const receiverUrl = `http://127.0.0.1:${made.RECEIVER_PORT}`;
    const workerUrl = `http://127.0.0.1:${made.WORKER_PORT}`;
    await waitUntilReady('the receiver', `${receiverUrl}/readyz`, READY_WITHIN_MS);
    onProgress(`Receiver: ${receiverUrl}`);
    await waitUntilReady('the worker', `${workerUrl}/readyz`, READY_WITHIN_MS);
    onProgress(`Worker: ${workerUrl}/metrics`);

    const unwatch = watchConfig(options.configFile, env, onProgress, async () => {
      await Promise.all([receiver.restart(STOP_WITHIN_MS), worker.restart(STOP_WITHIN_MS)]);
    });
    stops.push(async () => unwatch());

    const stackFile = join(directory, STACK_FILES[options.demo ? 'demo' : 'up']);
    await writeFile(stackFile, JSON.stringify({ pid: process.pid, env: made }, null, 2), { mode: 0o600 });
    stops.push(() => rm(stackFile, { force: true }));
    return {
      receiverUrl,
      workerUrl,
      redisUrl: env.REDIS_URL!,
      sandboxUrl,
      madeUpWriteKey: made.SEGMENT_WRITE_KEY,
      env,
      stop,
    };

    async function choosePort(name: string, preferred: number): Promise<number> {
      if (given[name]) return Number(given[name]);
      const port = await findFreePort(preferred);
      if (port !== preferred) onProgress(`Port ${preferred} is taken: ${name}=${port}`);
      return port;
    }
  }

  /** Starts the sandbox for each API whose key is not set. @returns null where real ones are used for everything */
  async function standIn(given: NodeJS.ProcessEnv, made: Record<string, string>): Promise<string | null> {
    const unset = SANDBOX_APIS.filter((type) => !given[kindOf(type).env.apiKey]);
    if (unset.length === 0) return null;
    const port = await findFreePort(4003);
    const sandboxUrl = `http://127.0.0.1:${port}`;
    const behaviour = pick(given, ['PATH', ...BEHAVIOUR_VARIABLES]);
    start('sandbox', '@meterbridge/sandbox/main', { ...behaviour, SANDBOX_PORT: String(port) });
    await waitUntilReady('the sandbox', `${sandboxUrl}/inspect`, READY_WITHIN_MS);
    for (const type of unset) {
      const { env } = kindOf(type);
      made[env.apiKey] = 'sandbox';
      made[env.url] = `${sandboxUrl}/${type}`;
    }
    const standsFor = unset.map((type) => type.toUpperCase()).join(' and ');
    onProgress(`Sandbox: ${sandboxUrl}/inspect (stands in for ${standsFor}: no API key is set)`);
    return sandboxUrl;
  }

  function start(name: string, program: string, env: NodeJS.ProcessEnv): Child {
    const child: Child = startChild({
      name,
      script: fileURLToPath(import.meta.resolve(program)),
      env,
      onLine: options.onLine,
      onCrash: (who, how) => onProgress(`${who} ended (${how}); starting it again`),
    });
    stops.push(() => child.stop(STOP_WITHIN_MS));
    return child;
  }
}

/** What a demonstration never takes from the environment: it must not bill anybody. */
const DEMO_MAKES_UP = [
  'REDIS_URL',
  'SEGMENT_WRITE_KEY',
  'SEGMENT_WEBHOOK_SECRET',
  'SEGMENT_FUNCTION_SECRET',
  ...destinationTypes.flatMap((type) => Object.values(kindOf(type).env)),
];

/** Starts a Redis again that was killed: what it had acknowledged is on disk. */
function keepRunning(redis: LocalRedis, onProgress: (line: string) => void): () => Promise<void> {
  let busy = false;
  const timer = setInterval(async () => {
    if (busy) return;
    busy = true;
    try {
      if (!isAlive(redis.pid)) {
        onProgress('Redis ended; starting it again on the same data');
        await redis.restart();
      }
    } catch (error) {
      onProgress(`Redis could not be started: ${(error as Error).message}`);
    } finally {
      busy = false;
    }
  }, REDIS_LOOK_EVERY_MS);
  return async () => {
    clearInterval(timer);
  };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function without(env: NodeJS.ProcessEnv, names: string[]): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !names.includes(name)));
}

function pick(env: NodeJS.ProcessEnv, names: string[]): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => names.includes(name)));
}
