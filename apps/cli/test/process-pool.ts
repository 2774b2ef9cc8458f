import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach } from '@jest/globals';
import { type App, type Exit, listeningUrl, mainFile, type RunningProcess } from './running-process.js';

type Run = { args: string[]; env: NodeJS.ProcessEnv; cwd: string };

const SCRIPT = fileURLToPath(new URL('pooled-process.mjs', import.meta.url));
/** A process that drains for longer is not worth keeping. */
const END_WITHIN_MS = 2_000;

/**
 * Call at the top of a test file. Starts programs in processes that run one after the other: each run is the app's
 * main file with arguments, environment and folder of its own, and costs a tenth of a start of Node. A run that is killed
 * takes its process along. After each test nothing runs, after the last one no process is left.
 */
export function useProcessPool(): (app: App, run: Run) => RunningProcess {
  const pool: PooledProcess[] = [];

  afterEach(async () => {
    await Promise.all(pool.map((each) => each.end(END_WITHIN_MS)));
  });
  afterAll(async () => {
    await Promise.all(pool.map((each) => each.kill()));
  });

  return (app, run) => {
    let free = pool.find((each) => each.app === app && each.isFree);
    if (!free) {
      free = new PooledProcess(app);
      pool.push(free);
    }
    return free.start(run);
  };
}

class PooledProcess {
  readonly app: App;
  readonly #child: ChildProcess;
  readonly #gone: Promise<Exit>;
  #isAlive = true;
  #run: { exited: Promise<Exit>; read: (text: string) => void } | undefined;

  constructor(app: App) {
    this.app = app;
    this.#child = spawn(process.execPath, [SCRIPT, mainFile(app)], {
      env: { PATH: process.env.PATH },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => this.#run?.read(text));
    }
    this.#gone = new Promise((resolve) => {
      this.#child.once('close', (code, signal) => {
        this.#isAlive = false;
        resolve({ code, signal });
      });
    });
  }

  get isFree(): boolean {
    return this.#isAlive && !this.#run;
  }

  start(run: Run): RunningProcess {
    const { app } = this;
    let output = '';
    let openStreams = 2;
    let isOver = false;
    let onRead = () => {};
    const allRead = new Promise<void>((resolve) => {
      onRead = resolve;
    });
    const code = new Promise<number>((resolve) => this.#child.once('message', resolve));
    const ended = Promise.all([code, allRead]).then(([code]): Exit => ({ code, signal: null }));
    const exited = Promise.race([ended, this.#gone]).finally(() => {
      isOver = true;
      this.#run = undefined;
    });
    this.#run = {
      exited,
      // Each stream ends a run with a NUL, of which no program prints one.
      read: (text) => {
        const pieces = text.split('\0');
        output += pieces.join('');
        openStreams -= pieces.length - 1;
        if (openStreams === 0) onRead();
      },
    };
    this.#child.send(run);
    return {
      pid: this.#child.pid!,
      output: () => output,
      exited,
      signal: (signal) => void (isOver || this.#child.kill(signal)),
      url: () =>
        listeningUrl(
          app,
          () => output,
          () => isOver,
        ),
    };
  }

  /** Asks what runs to end; kills it where that takes longer. */
  async end(withinMs: number): Promise<void> {
    if (!this.#run) return;
    const overdue = setTimeout(() => this.#child.kill('SIGKILL'), withinMs);
    this.#child.kill('SIGTERM');
    await this.#run.exited;
    clearTimeout(overdue);
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#gone;
  }
}
