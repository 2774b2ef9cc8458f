import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect } from '@jest/globals';
import { type Account, readAccount } from '@meterbridge/queue';
import { type Sandbox, type SandboxOptions, startSandbox } from '@meterbridge/sandbox';
import { findFreePort, type SuiteRedis, waitFor } from '@meterbridge/testing';
import type { Redis } from 'ioredis';
import { limiterName, startsKey } from '../../../packages/rate-limiter/src/start-log.js';
import { useProcessPool } from './process-pool.js';
import { sendAll, type Track } from './retrying-client.js';
import { type App, type Exit, type RunningProcess, startProcess } from './running-process.js';
import { CONFIG, HYPERLINE_KEY, LAGO_KEY, NEVER_SHOWN, WRITE_KEY } from './stack-config.js';

/**
 * The whole product on this machine: real processes (of which one runs after the other what `startReady` and `cli` ask for), a real Redis, and both billing APIs in this process.
 */
export type Stack = {
  sandbox: Sandbox;
  /** Looks at what the processes wrote. */
  redis: Redis;
  /** What every process gets. */
  env: NodeJS.ProcessEnv;
  /** For the processes that are started from now on. */
  writeConfig: (text: string) => Promise<void>;
  /** In a process of its own, from its first to its last moment. */
  start: (app: App, args?: string[]) => RunningProcess;
  /**
   * Resolves to its address once `/readyz` says yes.
   * @param options with `isFresh`, nothing ran in its process before: for what is said of memory
   */
  startReady: (
    app: Exclude<App, 'cli'>,
    options?: { isFresh?: boolean },
  ) => Promise<{ url: string; process: RunningProcess }>;
  /** A worker that sends nothing before the result is called: what is put on queues stays to be counted. */
  startHeld: () => Promise<() => Promise<void>>;
  /** Sets ports for `up`: those it chooses by itself, tests that run beside this one choose, too. */
  choosePorts: () => Promise<void>;
  /** Runs a command to its end. */
  cli: (...args: string[]) => Promise<Exit & { output: string }>;
  /**
   * Receiver and worker take and settle these events, by the configuration of now; both are gone again when it resolves.
   * @param accepted deliveries that each destination has accepted by then; as many as there are events where left out
   */
  settle: (tracks: readonly Track[], accepted?: number) => Promise<void>;
  account: (destination?: string) => Promise<Account>;
  /** The accounts of both destinations, once `accepted` is reached and nothing is in flight. */
  settled: (accepted: number, timeoutMs?: number) => Promise<{ lago: Account; hyperline: Account }>;
};

export type StackOptions = { config?: string; sandbox?: Partial<SandboxOptions> };

/** A process that drains for longer is killed. */
const ENDED_WITHIN_MS = 5_000;

/**
 * Call at the top of a test file: an empty stack before each test; after it every process is gone, Redis is
 * empty, and nothing that was printed held a secret or personal data.
 */
export function useStack(suite: Pick<SuiteRedis, 'url' | 'connect'>): {
  open: (options?: StackOptions) => Promise<Stack>;
} {
  const processes: RunningProcess[] = [];
  const reused: RunningProcess[] = [];
  const sandboxes: Sandbox[] = [];
  const startPooled = useProcessPool();
  let folder = '';
  let redis: Redis | undefined;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'meterbridge-stack-'));
  });

  afterEach(async () => {
    const all = [...processes, ...reused].map(({ output }) => output()).join('\n');
    reused.length = 0;
    // What `up` has started outlives it where it is killed, and would take the next test's jobs.
    for (const each of processes) each.signal('SIGTERM');
    const overdue = setTimeout(() => {
      for (const each of processes) each.signal('SIGKILL');
    }, ENDED_WITHIN_MS);
    await Promise.all(processes.map(({ exited }) => exited));
    clearTimeout(overdue);
    processes.length = 0;
    await Promise.all(sandboxes.splice(0).map((sandbox) => sandbox.close()));
    await redis?.flushall();
    await rm(folder, { recursive: true, force: true });
    const shown = NEVER_SHOWN.filter((text) => all.includes(text));
    expect(shown).toEqual([]);
  });

  return {
    async open({ config = CONFIG, sandbox: options }: StackOptions = {}) {
      redis ??= suite.connect();
      const lookIn = redis;
      await rememberStarts(lookIn);
      const sandbox = await startSandbox({
        ...options,
        lago: { apiKey: LAGO_KEY, store: 'postgres', ...options?.lago },
        hyperline: { apiKey: HYPERLINE_KEY, ...options?.hyperline },
      });
      sandboxes.push(sandbox);
      const configFile = join(folder, 'meterbridge.config.yaml');
      await writeFile(configFile, config);
      const env: NodeJS.ProcessEnv = {
        PATH: process.env.PATH,
        METERBRIDGE_CONFIG: configFile,
        REDIS_URL: suite.url,
        SEGMENT_WRITE_KEY: WRITE_KEY,
        LAGO_API_URL: sandbox.lago.url,
        LAGO_API_KEY: LAGO_KEY,
        HYPERLINE_API_URL: sandbox.hyperline.url,
        HYPERLINE_API_KEY: HYPERLINE_KEY,
        RECEIVER_PORT: '0',
        WORKER_PORT: '0',
        ARCHIVIST_PORT: '0',
        LOG_LEVEL: 'debug',
      };
      const start: Stack['start'] = (app, args = []) => {
        const started = startProcess(app, args, { env, cwd: folder });
        processes.push(started);
        return started;
      };
      const reuse = (app: App, args: string[] = []) => {
        // Options of Node are read when it starts.
        if (env.NODE_OPTIONS !== undefined) return start(app, args);
        const started = startPooled(app, { args, env, cwd: folder });
        reused.push(started);
        return started;
      };
      const account: Stack['account'] = (destination = 'lago') => readAccount(destination, lookIn);
      const stack: Stack = {
        sandbox,
        redis: lookIn,
        env,
        start,
        account,
        writeConfig: (text) => writeFile(configFile, text),
        async startReady(app, { isFresh = false } = {}) {
          const started = isFresh ? start(app) : reuse(app);
          const url = await started.url();
          await waitFor(async () => (await fetch(`${url}/readyz`)).ok, { what: `a ready ${app}` });
          return { url, process: started };
        },
        async settle(tracks, accepted = tracks.length) {
          const [receiver, worker] = await Promise.all([
            stack.startReady('receiver'),
            stack.startReady('worker'),
          ]);
          await sendAll(receiver.url, tracks, 500);
          await stack.settled(accepted);
          for (const { process } of [receiver, worker]) {
            process.signal('SIGTERM');
            expect(await process.exited).toMatchObject({ code: 0 });
          }
        },
        async startHeld() {
          const both = async (...args: string[]) => {
            for (const name of ['lago', 'hyperline']) {
              expect(await stack.cli(args[0]!, name, ...args.slice(1))).toMatchObject({ code: 0 });
            }
          };
          await both('hold', '--reason', 'a test');
          await stack.startReady('worker');
          return () => both('resume');
        },
        async choosePorts() {
          env.RECEIVER_PORT = String(await findFreePort());
          env.WORKER_PORT = String(await findFreePort());
          env.ARCHIVIST_PORT = String(await findFreePort());
        },
        async cli(...args) {
          const started = reuse('cli', args);
          const exit = await started.exited;
          return { ...exit, output: started.output() };
        },
        async settled(accepted, timeoutMs) {
          const read = async () => ({ lago: await account('lago'), hyperline: await account('hyperline') });
          const isDone = (each: Account) => each.accepted >= accepted && each.inFlight === 0;
          let seen = await read();
          await waitFor(
            async () => {
              seen = await read();
              return Object.values(seen).every(isDone);
            },
            {
              what: `${accepted} deliveries to be settled`,
              ...(timeoutMs === undefined ? {} : { timeoutMs }),
            },
          ).catch((cause) => {
            throw new Error(`not settled: ${JSON.stringify(seen)}`, { cause });
          });
          return seen;
        },
      };
      return stack;
    },
  };
}

/**
 * As of a Redis that has seen starts, long ago. On one that knows of none each limiter waits for its first second, since
 * it may have forgotten them: no test here is about that.
 */
async function rememberStarts(redis: Redis): Promise<void> {
  const limiters = ['lago', 'hyperline'].flatMap((name) => [name, `${name}:reads`]);
  for (const id of limiters) await redis.rpush(startsKey(limiterName(id)), Date.now() - 60_000);
}

/** Every id is in the sandbox, in effect once, and nothing else is. */
export function expectEachOnce(sandbox: Sandbox, messageIds: readonly string[]): void {
  for (const api of [sandbox.lago, sandbox.hyperline]) {
    const ids = [...api.ledger.entries()].map(({ id }) => id);
    expect(ids.toSorted()).toEqual(messageIds.toSorted());
    expect(api.ledger.counts()).toMatchObject({ keys: messageIds.length, changed: 0 });
  }
}

/** What the processes of `up` have logged. */
export function upLogOf({ env }: Pick<Stack, 'env'>): string {
  const file = join(dirname(env.METERBRIDGE_CONFIG!), '.meterbridge/up.log');
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}
