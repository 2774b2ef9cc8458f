import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerProgram } from './find-server.js';
import { LocalRedisError } from './local-redis-error.js';
import { probeServer } from './probe-server.js';

/** A large append-only file takes its time; the server says it is loading, or nothing at all. */
const SILENT_DEADLINE_MS = 15_000;
/** Nothing acknowledged is lost by force either; an order to stop only spares the next start some work. */
const STOP_DEADLINE_MS = 5_000;
const LOG_LINES_KEPT = 12;

/** One run of the server program. */
export type ServerProcess = {
  pid: number;
  /** Settles when the process is gone. */
  exited: Promise<void>;
  /** @throws LocalRedisError `port_taken` or `start_failed`, and then the process is gone */
  untilReady(): Promise<void>;
  /** SIGTERM, on which Redis flushes its append-only file; SIGKILL after a deadline. */
  stop(): Promise<void>;
  signal(signal: NodeJS.Signals): void;
};

/**
 * Starts the server in a process group of its own: Ctrl-C in a terminal goes to the whole group, and Redis
 * has to outlive those that still write to it. A guard ends it when this process dies without a word.
 */
export async function startServerProcess(
  program: ServerProgram,
  args: string[],
  port: number,
  log?: (line: string) => void,
): Promise<ServerProcess> {
  const child = spawn(program.file, args, {
    argv0: program.argv0,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lastLines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      lastLines.push(line);
      if (lastLines.length > LOG_LINES_KEPT) lastLines.shift();
      log?.(line);
    });
  }
  await once(child, 'spawn').catch((cause) => {
    throw new LocalRedisError('start_failed', `${program.file} could not be run`, { cause });
  });
  const pid = child.pid!;
  const guard = startGuard(pid);
  // 'close' rather than 'exit': only then the last lines of the log are here.
  const exited = once(child, 'close').then(() => {
    guard.kill('SIGKILL');
  });
  const hasExited = () => child.exitCode !== null || child.signalCode !== null;

  async function stop(): Promise<void> {
    child.kill('SIGTERM');
    const deadline = new AbortController();
    void sleep(STOP_DEADLINE_MS, undefined, { signal: deadline.signal }).then(
      () => child.kill('SIGKILL'),
      () => {},
    );
    await exited;
    deadline.abort();
  }

  async function untilReady(): Promise<void> {
    let heardAt = Date.now();
    for (;;) {
      if (hasExited()) {
        await exited;
        const text = lastLines.join('\n');
        if (/address already in use/i.test(text)) {
          throw new LocalRedisError('port_taken', `Port ${port} is taken by another process.`);
        }
        throw new LocalRedisError('start_failed', `Redis ended at once. The end of its log:\n${text}`);
      }
      const server = await probeServer(port);
      const ours = server.state !== 'silent' && server.pid !== null ? server.pid === pid : true;
      if (server.state === 'ready' && ours) return;
      if (server.state === 'loading' && ours) heardAt = Date.now();
      if (Date.now() - heardAt > SILENT_DEADLINE_MS) {
        await stop();
        const message = `Redis did not answer on port ${port}. The end of its log:\n${lastLines.join('\n')}`;
        throw new LocalRedisError('start_failed', message);
      }
      await sleep(20);
    }
  }

  return { pid, exited, untilReady, stop, signal: (signal) => void child.kill(signal) };
}

/**
 * A shell that waits on a pipe from this process. When this process dies, however it dies, the operating
 * system closes the pipe and the shell tells Redis to stop.
 */
function startGuard(pid: number): ChildProcess {
  const guard = spawn('/bin/sh', ['-c', 'read -r _; kill -TERM "$0"', String(pid)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guard.on('error', () => {});
  guard.stdin?.on('error', () => {});
  // The pipe is to be open, not to keep this process alive.
  guard.unref();
  (guard.stdin as unknown as { unref?: () => void } | null)?.unref?.();
  return guard;
}
