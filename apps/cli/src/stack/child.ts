import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

export type Child = {
  name: string;
  /** Of the process that runs now. */
  readonly pid: number | undefined;
  /** SIGTERM, and SIGKILL after the deadline; resolves when it is gone. */
  stop(deadlineMs: number): Promise<void>;
  /** Has it read its configuration again. One that is starting reads the saved one anyway. */
  reload(): void;
};

export type ChildOptions = {
  name: string;
  /** The entry point, run with this Node. */
  script: string;
  env: NodeJS.ProcessEnv;
  /** Each line of its output. */
  onLine: (name: string, line: string) => void;
  /** It ended without being told to; it is started again after so many milliseconds. */
  onCrash: (name: string, how: string, delayMs: number) => void;
};

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 30_000;
/** One that ran for so long has started well: what ended it is something new. */
const STEADY_AFTER_MS = 10_000;

/**
 * Until an ended process is started again: at once where it ran, and ever later where it ends at its start, since what
 * keeps it from starting (a Redis that can lose data) takes a person. Pure.
 * @param livedMs how long it ran
 * @param lastDelayMs what was waited before that; 0 for its first start
 */
export function restartDelayMs(livedMs: number, lastDelayMs: number): number {
  if (livedMs >= STEADY_AFTER_MS) return FIRST_DELAY_MS;
  return Math.min(Math.max(FIRST_DELAY_MS, lastDelayMs * 2), LONGEST_DELAY_MS);
}

/** Runs one process of the stack and starts it again when it dies: nothing is kept in it that is lost. */
export function startChild(options: ChildOptions): Child {
  let stopping = false;
  let child: ChildProcess;
  let timer: NodeJS.Timeout | undefined;
  let delayMs = 0;

  function launch(): void {
    const startedAt = performance.now();
    child = spawn(process.execPath, ['--enable-source-maps', options.script], {
      env: options.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      // Ctrl-C reaches the whole group of a terminal; the stack ends its processes in order instead.
      detached: true,
    });
    for (const stream of [child.stdout, child.stderr] as Readable[]) {
      createInterface({ input: stream }).on('line', (line) => options.onLine(options.name, line));
    }
    child.once('exit', (code, signal) => {
      if (stopping) return;
      delayMs = restartDelayMs(performance.now() - startedAt, delayMs);
      options.onCrash(options.name, signal ?? `exit code ${code}`, delayMs);
      timer = setTimeout(launch, delayMs);
    });
  }
  launch();

  // Should this process end without `stop`, its detached children must not stay behind.
  const lastWord = () => child.exitCode === null && child.kill('SIGKILL');
  process.once('exit', lastWord);

  async function stop(deadlineMs: number): Promise<void> {
    stopping = true;
    clearTimeout(timer);
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    const kill = setTimeout(() => child.kill('SIGKILL'), deadlineMs);
    await gone;
    clearTimeout(kill);
  }

  return {
    name: options.name,
    get pid() {
      return child.pid;
    },
    async stop(deadlineMs) {
      process.removeListener('exit', lastWord);
      await stop(deadlineMs);
    },
    reload: () => void child.kill('SIGHUP'),
  };
}
