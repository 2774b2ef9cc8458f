import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export type Running = {
  name: string;
  pid: number;
  /** SIGTERM, and SIGKILL to what has not ended ten seconds later. */
  stop(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
};

type RunOptions = {
  name: string;
  /** Relative to this package's `dist`. */
  script: string;
  env: Record<string, string>;
  /** Answers 2xx once it is ready; left out, its first line says so. */
  readyUrl?: string;
  /** Where its output goes if it has a `readyUrl`. */
  logFile: string;
  /** Where its CPU profile goes when it ends; left out, none is taken. */
  profileDir?: string | undefined;
};

const running = new Set<ChildProcess>();
// Nothing goes on when a run breaks off.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts a script of the workspace with this Node and waits until it is ready. */
export async function run({
  name,
  script,
  env,
  readyUrl,
  logFile,
  profileDir,
}: RunOptions): Promise<Running> {
  const child = spawn(process.execPath, [...profiling(name, profileDir), pathOf(script)], {
    env: { PATH: process.env.PATH, NODE_ENV: 'production', ...env },
    stdio: ['ignore', readyUrl ? openSync(logFile, 'a') : 'pipe', 'inherit'],
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  const died = new Promise<never>((_, reject) => {
    child.once('exit', (code) => reject(new Error(`${name} ended with ${code} before it was ready`)));
  });
  died.catch(() => {});
  await Promise.race([readyUrl ? untilOk(readyUrl) : firstLine(child), died]);
  const end = (signal: 'SIGTERM' | 'SIGKILL') => stop(child, signal);
  return { name, pid: child.pid!, stop: () => end('SIGTERM'), kill: () => end('SIGKILL') };
}

function profiling(name: string, directory: string | undefined): string[] {
  const file = `${name.replaceAll(' ', '-')}-${Date.now()}.cpuprofile`;
  return directory ? ['--cpu-prof', `--cpu-prof-dir=${directory}`, `--cpu-prof-name=${file}`] : [];
}

/** Runs a script to its end, which must be a good one; its output is for the operator. */
export async function runCommand(script: string, args: string[], env: Record<string, string>): Promise<void> {
  const child = spawn(process.execPath, [pathOf(script), ...args], {
    env: { PATH: process.env.PATH, NODE_ENV: 'production', ...env },
    stdio: ['ignore', process.env.BENCH_VERBOSE ? 'inherit' : 'ignore', 'inherit'],
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`${script} ${args.join(' ')} ended with ${code}`);
}

export type Prepared<Result> = {
  /** Lets it begin; resolves to what it found out. */
  go(): Promise<Result>;
};

/**
 * Starts a script that gets ready (a line), begins when it is told to, and says what it found out in a
 * line of JSON.
 */
export async function prepare<Result>(script: string, argument: unknown): Promise<Prepared<Result>> {
  const child = spawn(process.execPath, [pathOf(script), JSON.stringify(argument)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  const next = async () => {
    const line = await lines.next();
    if (line.done) throw new Error(`${script} ended too early`);
    return line.value as string;
  };
  await next();
  return {
    async go() {
      child.stdin!.write('go');
      return JSON.parse(await next()) as Result;
    },
  };
}

function pathOf(script: string): string {
  return fileURLToPath(new URL(script, import.meta.url));
}

async function firstLine(child: ChildProcess): Promise<void> {
  await once(createInterface({ input: child.stdout! }), 'line');
}

async function stop(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await gone;
  clearTimeout(timer);
}

async function untilOk(url: string): Promise<void> {
  for (;;) {
    const ok = await fetch(url).then(
      (answer) => answer.ok,
      () => false,
    );
    if (ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
