import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export type Running = { name: string; pid: number; stop(): Promise<void> };

/** Starts a script of the workspace with this Node and waits for it: a line, or an URL that answers 2xx. */
export async function run(
  name: string,
  script: string,
  env: Record<string, string>,
  readyUrl?: string,
): Promise<Running> {
  const child = spawn(
    process.execPath,
    [...profiling(name), fileURLToPath(new URL(script, import.meta.url))],
    {
      env: { PATH: process.env.PATH, LOG_LEVEL: 'warn', NODE_ENV: 'production', ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const firstLine = new Promise<void>((resolve) => {
    createInterface({ input: child.stdout! }).once('line', () => resolve());
  });
  const died = new Promise<never>((_, reject) => {
    child.once('exit', (code) => reject(new Error(`${name} ended with ${code} before it was ready`)));
  });
  died.catch(() => {});
  await Promise.race([readyUrl ? untilOk(readyUrl) : firstLine, died]);
  return { name, pid: child.pid!, stop: () => stop(child) };
}

function profiling(name: string): string[] {
  const directory = process.env.BENCH_PROFILE_DIR;
  return directory ? ['--cpu-prof', `--cpu-prof-dir=${directory}`, `--cpu-prof-name=${name}.cpuprofile`] : [];
}

/** Runs a script to its end, which must be a good one; its output is for the operator. */
export async function runCommand(script: string, args: string[], env: Record<string, string>): Promise<void> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(process.execPath, [...profiling('command'), path, ...args], {
    env: { PATH: process.env.PATH, NODE_ENV: 'production', ...env },
    stdio: ['ignore', process.env.BENCH_VERBOSE ? 'inherit' : 'ignore', 'inherit'],
  });
  const code = await new Promise((resolve) => child.once('exit', resolve));
  if (code !== 0) throw new Error(`${script} ended with ${code}`);
}

/** Runs a script to its end and gives the JSON of its last line. */
export async function runToEnd<Result>(script: string, argument: unknown): Promise<Result> {
  const child = spawn(
    process.execPath,
    [fileURLToPath(new URL(script, import.meta.url)), JSON.stringify(argument)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let last = '';
  for await (const line of createInterface({ input: child.stdout! })) last = line;
  return JSON.parse(last) as Result;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
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

/** CPU seconds a process has used, user and system; from Linux' /proc, NaN elsewhere. */
export async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The name, in parentheses, may hold spaces; utime and stime are the 14th and 15th fields.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
