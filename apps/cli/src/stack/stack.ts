import { mkdir, rm, writeFile } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import {
  type Config,
  type ConfigProblem,
  SANDBOX_KEY,
  saysReceipts,
  writeKeyVariables,
} from '@meterbridge/config';
import { destinationTypes, kindOf } from '@meterbridge/destinations';
import { findFreePort, type LocalRedis, startLocalRedis } from '@meterbridge/local-redis';
import { OperationError, refuseUnsafeRedis } from '@meterbridge/operations';
import { BEHAVIOUR_VARIABLES } from '@meterbridge/sandbox/apis';
import { installationFolder } from '@meterbridge/telemetry/build';
import { type Child, startChild } from './child.js';
import { decideStandIns, NO_KEY, type StandIns } from './decide-stand-ins.js';
import { holdWithoutKey, loadStackConfig } from './hold-without-key.js';
import { STACK_FILES } from './stack-files.js';
import { waitUntilReady } from './wait-until-ready.js';
import { watchConfig } from './watch-config.js';

export type StackOptions = {
  /** Where the local Redis keeps its data and the stack says where it runs. */
  directory: string;
  configFile: string;
  env: NodeJS.ProcessEnv;
  /** For one demonstration: nothing is kept, and the sandbox stands in whatever keys are set. */
  demo: boolean;
  /** The database of a demonstration, which takes none from the environment; left out: it starts a Redis. */
  demoRedisUrl?: string | undefined;
  onProgress: (line: string) => void;
  onLine: (name: string, line: string) => void;
};

export type Stack = {
  receiverUrl: string;
  workerUrl: string;
  redisUrl: string;
  /** Null when real APIs are used. */
  sandboxUrl: string | null;
  /** The write key, where the stack made one up: then it is no secret. */
  madeUpWriteKey: string | undefined;
  /** The environment that the processes got; holds keys, never print it. */
  env: NodeJS.ProcessEnv;
  stop(): Promise<void>;
};

const READY_WITHIN_MS = 30_000;
const STOP_WITHIN_MS = 25_000;
const REDIS_LOOK_EVERY_MS = 500;

/**
 * Starts Redis (unless REDIS_URL names one), the sandbox (for each API whose key is not set, where no other is real),
 * the receiver, a worker and, where receipts are kept, an archivist. Whatever dies is started again.
 * @throws OperationError for a configuration, a Redis or a port that no process would start with
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  await mkdir(options.directory, { recursive: true, mode: 0o700 });
  const launch = new Launch(options);
  try {
    return await launch.run();
  } catch (error) {
    await launch.stop();
    throw error;
  }
}

/** One start of a stack: what it was given, what it made up, and how what it has started is stopped. */
class Launch {
  private readonly options: StackOptions;
  private readonly given: NodeJS.ProcessEnv;
  private readonly made: Record<string, string> = {};
  private readonly stops: (() => Promise<void>)[] = [];
  /** The sandbox stands in: what it was sent must never reach an API once there is a key, nor be told as billed. */
  private isPlay = false;

  constructor(options: StackOptions) {
    this.options = options;
    this.given = options.demo ? without(options.env, DEMO_MAKES_UP) : options.env;
  }

  async run(): Promise<Stack> {
    const variables = writeKeyVariables(this.options.configFile);
    const standIns = decideStandIns(this.given, variables);
    this.isPlay = standIns.sandbox.length > 0;
    if (this.options.demoRedisUrl) this.made.REDIS_URL = this.options.demoRedisUrl;
    else if (!this.given.REDIS_URL) await this.startRedis();
    const sandboxUrl = await this.standIn(standIns);
    await this.makeUpTheRest(standIns);
    const env = { ...this.given, ...this.made };
    const config = loadStackConfig(this.options.configFile, env);
    await refuseUnsafeRedis(config);
    await this.holdAndSay(config);
    const urls = await this.startApps(env, config);
    await this.sayWhere();
    return {
      ...urls,
      redisUrl: env.REDIS_URL!,
      sandboxUrl,
      madeUpWriteKey: this.made[variables[0]!],
      env,
      stop: () => this.stop(),
    };
  }

  /** In reverse order. */
  async stop(): Promise<void> {
    for (const each of this.stops.splice(0).reverse()) await each();
  }

  private async startRedis(): Promise<void> {
    const { directory, demo, onProgress, onLine } = this.options;
    const redis = await startLocalRedis({
      // A demonstration's data are deleted with it: they are never those of real use.
      dataDir: join(directory, demo ? `demo-redis-${process.pid}` : this.isPlay ? 'sandbox-redis' : 'redis'),
      ephemeral: demo,
      maxMemoryBytes: halfOfMemory(),
      log: (line) => (line.startsWith('Installing') ? onProgress(line) : onLine('redis', line)),
    });
    this.stops.push(() => redis.stop());
    this.stops.push(keepRunning(redis, onProgress));
    this.made.REDIS_URL = redis.url;
    onProgress(`Redis: ${redis.url} (a write is on disk before it is answered)`);
  }

  /** Starts the sandbox for the APIs it stands in for. @returns null where real ones are used for everything */
  private async standIn({ sandbox, held }: StandIns): Promise<string | null> {
    const { given, made } = this;
    for (const type of held) made[kindOf(type).env.apiKey] = NO_KEY;
    if (sandbox.length === 0) return null;
    const port = await findFreePort(4003);
    const sandboxUrl = `http://127.0.0.1:${port}`;
    const behaviour = pick(given, ['PATH', ...BEHAVIOUR_VARIABLES]);
    this.start('sandbox', 'packages/sandbox', { ...behaviour, SANDBOX_PORT: String(port) });
    await waitUntilReady('the sandbox', `${sandboxUrl}/inspect`, READY_WITHIN_MS);
    for (const type of sandbox) {
      const { env } = kindOf(type);
      made[env.apiKey] = SANDBOX_KEY;
      made[env.url] = `${sandboxUrl}/${type}`;
    }
    const standsFor = sandbox.map((type) => type.toUpperCase()).join(' and ');
    this.options.onProgress(`Sandbox: ${sandboxUrl}/inspect (stands in for ${standsFor}: no API key is set)`);
    return sandboxUrl;
  }

  private async makeUpTheRest({ writeKeys }: StandIns): Promise<void> {
    const { made } = this;
    for (const [variable, writeKey] of Object.entries(writeKeys)) {
      made[variable] = writeKey;
      // Everyone knows it: it is taken from this machine alone.
      made.RECEIVER_HOST = '127.0.0.1';
      this.options.onProgress(
        `Write key: ${writeKey}, taken from this machine alone (set ${variable} for your own)`,
      );
    }
    made.RECEIVER_PORT = await this.choosePort('RECEIVER_PORT', 4000);
    made.WORKER_PORT = await this.choosePort('WORKER_PORT', 4001);
    made.METERBRIDGE_CONFIG = this.options.configFile;
    await this.makeUpBooks();
  }

  /** Where receipts are kept; a demonstration's go with it, and those of the sandbox are of no bill. */
  private async makeUpBooks(): Promise<void> {
    const { directory, demo } = this.options;
    const folder = demo ? `demo-receipts-${process.pid}` : this.isPlay ? 'sandbox-receipts' : 'receipts';
    const isSaid = this.given.RECEIPTS_DIRECTORY || saysReceipts(this.options.configFile);
    // Whatever is said is for what is billed.
    if (demo || this.isPlay || !isSaid) this.made.RECEIPTS_DIRECTORY = join(directory, folder);
    if (demo) this.stops.push(() => rm(this.made.RECEIPTS_DIRECTORY!, { recursive: true, force: true }));
    this.made.ARCHIVIST_PORT = await this.choosePort('ARCHIVIST_PORT', 4004);
  }

  /** A port that is free; one that is no port is for the configuration to refuse. */
  private async choosePort(name: string, preferred: number): Promise<string> {
    const given = this.given[name];
    const wanted = given ? Number(given) : preferred;
    if (!Number.isInteger(wanted) || wanted < 0 || wanted > 65_535) return given!;
    const port = await findFreePort(wanted);
    if (given && wanted > 0 && port !== wanted) {
      throw new OperationError(
        'not_possible',
        `${name}=${given}: another program has this port. Say another one, or leave it out, and a free one is chosen.`,
      );
    }
    if (port !== wanted && wanted > 0) this.options.onProgress(`Port ${preferred} is taken: ${name}=${port}`);
    return String(port);
  }

  private async holdAndSay(config: Config): Promise<void> {
    for (const name of await holdWithoutKey(config))
      this.options.onProgress(`${name} is held: its API key is not set. What comes for it waits.`);
  }

  private async startApps(
    env: NodeJS.ProcessEnv,
    config: Config,
  ): Promise<Pick<Stack, 'receiverUrl' | 'workerUrl'>> {
    const { configFile: file, demo, onProgress } = this.options;
    // It ends after those whose receipts it keeps.
    if (config.receipts) this.start('archivist', 'apps/archivist', env);
    const receiver = this.start('receiver', 'apps/receiver', env);
    const worker = this.start('worker', 'apps/worker', env);
    const receiverUrl = `http://127.0.0.1:${env.RECEIVER_PORT}`;
    const workerUrl = `http://127.0.0.1:${env.WORKER_PORT}`;
    await waitUntilReady('the receiver', `${receiverUrl}/readyz`, READY_WITHIN_MS);
    onProgress(`Receiver: ${receiverUrl}`);
    await waitUntilReady('the worker', `${workerUrl}/readyz`, READY_WITHIN_MS);
    onProgress(`Worker: ${workerUrl}/metrics`);
    if (config.receipts && !demo) onProgress(`Receipts: ${config.receipts.directory}`);
    const onChange = async (changed: Config) => {
      await this.holdAndSay(changed);
      for (const each of [worker, receiver]) each.reload();
    };
    const onRefused = (problems: readonly ConfigProblem[]) =>
      this.options.onLine(
        'up',
        JSON.stringify({ level: 'error', time: new Date(), name: 'up', problems, msg: 'config.refused' }),
      );
    const unwatch = watchConfig({ file, env, config, onProgress, onRefused, onChange });
    this.stops.push(async () => unwatch());
    return { receiverUrl, workerUrl };
  }

  /** For commands in other terminals. */
  private async sayWhere(): Promise<void> {
    const { directory, demo } = this.options;
    const file = join(directory, STACK_FILES[demo ? 'demo' : 'up']);
    const running = { pid: process.pid, env: this.made };
    await writeFile(file, JSON.stringify(running, null, 2), { mode: 0o600 });
    this.stops.push(() => rm(file, { force: true }));
  }

  private start(name: string, program: string, env: NodeJS.ProcessEnv): Child {
    const { onLine, onProgress } = this.options;
    const child: Child = startChild({
      name,
      script: join(installationFolder(), program, 'dist/main.js'),
      env,
      onLine,
      onCrash: (who, how, delayMs) =>
        onProgress(`${who} ended (${how}); starting it again in ${delayMs / 1_000} s`),
    });
    this.stops.push(() => child.stop(STOP_WITHIN_MS));
    return child;
  }
}

/** Senders are told to come later before Redis has taken what the rest of the machine needs. */
function halfOfMemory(): number {
  const granted = process.constrainedMemory();
  return Math.floor((granted > 0 ? Math.min(granted, totalmem()) : totalmem()) / 2);
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
