import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { waitFor } from '@meterbridge/testing';

/** A process of the product as an operator runs it: its own Node, its environment, its log. */
export type RunningProcess = {
  readonly pid: number;
  /** Everything it has printed so far, stdout and stderr. */
  output: () => string;
  /** Settles when it is gone. */
  exited: Promise<Exit>;
  signal: (signal: NodeJS.Signals) => void;
  /** Where it listens, once its log says so. */
  url: () => Promise<string>;
};

export type Exit = { code: number | null; signal: NodeJS.Signals | null };

export type App = 'receiver' | 'worker' | 'archivist' | 'cli';

/** The line of the log that names the port. */
const LISTENS = /"port":(\d+)[^\n]*"msg":"(?:receiver\.listening|worker\.ready|archivist\.ready)"/;

/** What Node runs of an app: as built. */
export function mainFile(app: App): string {
  return fileURLToPath(new URL(`../../${app}/dist/main.js`, import.meta.url));
}

export function startProcess(
  app: App,
  args: string[],
  { env, cwd }: { env: NodeJS.ProcessEnv; cwd?: string },
): RunningProcess {
  const child: ChildProcess = spawn(process.execPath, [mainFile(app), ...args], {
    env,
    ...(cwd === undefined ? {} : { cwd }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const chunks: string[] = [];
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
  }
  const output = () => chunks.join('');
  let isGone = false;
  // 'close' rather than 'exit': only then the last lines are here.
  const exited = new Promise<Exit>((resolve) => {
    child.once('close', (code, signal) => {
      isGone = true;
      resolve({ code, signal });
    });
  });
  return {
    pid: child.pid!,
    output,
    exited,
    signal: (signal) => void child.kill(signal),
    url: () => listeningUrl(app, output, () => isGone),
  };
}

/** Where a process listens, once its log says so. */
export async function listeningUrl(app: App, output: () => string, isGone: () => boolean): Promise<string> {
  const port = await waitFor(() => LISTENS.exec(output())?.[1] ?? (isGone() && 'none'), {
    what: `the ${app} to listen`,
  });
  if (port === 'none') throw new Error(`the ${app} ended at once:\n${output()}`);
  return `http://127.0.0.1:${port}`;
}
