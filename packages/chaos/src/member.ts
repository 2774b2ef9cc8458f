import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { findFreePort } from '@meterbridge/local-redis';
import { type Link, openLink } from './link.js';
import type { LogWatch } from './log-watch.js';
import { type Program, scriptOf } from './run-command.js';

/** One process of the product with ways of its own to Redis and to the APIs. It is started again when it dies. */
export type Member = {
  readonly name: string;
  readonly role: 'receiver' | 'worker' | 'archivist';
  /** Of the sources of here, or of the last released version. */
  readonly of: 'tree' | 'released';
  readonly url: string;
  /** Of the process that runs now. */
  readonly pid: number;
  readonly redisLink: Link;
  readonly apiLink: Link;
  readonly isReady: boolean;
  untilReady(): Promise<void>;
  /** SIGKILL. */
  kill(): void;
  /** SIGSTOP, and SIGCONT after so many milliseconds. */
  freeze(ms: number): Promise<void>;
  /** SIGTERM, as a deployment does; a new one takes its place. */
  drain(): Promise<{ code: number | null; seconds: number }>;
  /** How far its clock is wrong, in milliseconds, from its next start on. */
  setClockSkew(ms: number): void;
  /** Ends it for good. */
  stop(): Promise<void>;
};

export type MemberOptions = {
  name: string;
  role: Member['role'];
  of: Member['of'];
  program: Program;
  env: Record<string, string>;
  redisPort: number;
  /** Reached past the link: a cluster names its nodes itself. */
  redisUrl?: string;
  apiPort: number;
  logs: LogWatch;
};

const RESTART_AFTER_MS = 200;
const READY_WITHIN_MS = 60_000;
const SKEWED_CLOCK = new URL('./skewed-clock.js', import.meta.url).href;

function environmentOf(
  { env, role, redisUrl }: MemberOptions,
  { port, redisPort, apiPort, skewMs }: { port: number; redisPort: number; apiPort: number; skewMs: number },
): NodeJS.ProcessEnv {
  const skew = { NODE_OPTIONS: `--import=${SKEWED_CLOCK}`, CLOCK_SKEW_MS: String(skewMs) };
  return {
    PATH: process.env.PATH,
    ...env,
    REDIS_URL: redisUrl ?? `redis://127.0.0.1:${redisPort}`,
    LAGO_API_URL: `http://127.0.0.1:${apiPort}/lago`,
    HYPERLINE_API_URL: `http://127.0.0.1:${apiPort}/hyperline`,
    [`${role.toUpperCase()}_PORT`]: String(port),
    ...(skewMs === 0 ? {} : skew),
  };
}

async function untilTrue(name: string, isReady: () => boolean): Promise<void> {
  const deadline = Date.now() + READY_WITHIN_MS;
  while (!isReady()) {
    if (Date.now() > deadline) throw new Error(`${name} did not become ready within a minute`);
    await sleep(20);
  }
}

export async function startMember(options: MemberOptions): Promise<Member> {
  const { name, role, of, logs } = options;
  const [redisLink, apiLink] = [await openLink(options.redisPort), await openLink(options.apiPort)];
  const port = await findFreePort();
  const url = `http://127.0.0.1:${port}`;
  let [isStopping, isReady, skewMs] = [false, false, 0];
  let child: ChildProcess;
  let gone: Promise<number | null>;

  function launch(): void {
    const started = spawn(process.execPath, [scriptOf(options.program, role)], {
      env: environmentOf(options, { port, redisPort: redisLink.port, apiPort: apiLink.port, skewMs }),
      stdio: ['ignore', 'pipe', 'pipe'],
      // Ctrl-C in a terminal is for the run, which ends them itself.
      detached: true,
    });
    child = started;
    isReady = false;
    logs.watch(name, started.stdout!);
    logs.watch(name, started.stderr!);
    gone = new Promise((resolve) => {
      started.once('exit', (code) => {
        isReady = false;
        resolve(code);
        if (!isStopping) setTimeout(() => isStopping || launch(), RESTART_AFTER_MS);
      });
    });
    void watchReadiness(started);
  }

  async function watchReadiness(started: ChildProcess): Promise<void> {
    while (child === started && started.exitCode === null && started.signalCode === null) {
      const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) }).catch(() => null);
      if (child === started) isReady = answer?.ok ?? false;
      await sleep(isReady ? 500 : 50);
    }
  }

  launch();
  // Should the run end without `stop`, its processes must not stay behind.
  const lastWord = () => child.kill('SIGKILL');
  process.once('exit', lastWord);
  return {
    name,
    role,
    of,
    url,
    redisLink,
    apiLink,
    get pid() {
      return child.pid!;
    },
    get isReady() {
      return isReady;
    },
    untilReady: () => untilTrue(name, () => isReady),
    kill() {
      isReady = false;
      child.kill('SIGKILL');
    },
    async freeze(ms) {
      const frozen = child;
      frozen.kill('SIGSTOP');
      await sleep(ms);
      frozen.kill('SIGCONT');
    },
    async drain() {
      const began = performance.now();
      const ending = gone;
      child.kill('SIGTERM');
      const code = await ending;
      return { code, seconds: (performance.now() - began) / 1_000 };
    },
    setClockSkew(ms) {
      skewMs = ms;
    },
    async stop() {
      isStopping = true;
      process.removeListener('exit', lastWord);
      // Whatever it still does, it must not do it to the next run's ports.
      child.kill('SIGKILL');
      await gone;
      await Promise.all([redisLink.close(), apiLink.close()]);
    },
  };
}
