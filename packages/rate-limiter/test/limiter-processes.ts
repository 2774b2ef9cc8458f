import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach } from '@jest/globals';
import type { LimiterProblem, RateLimiterOptions } from '../src/index.js';

const CHILD = fileURLToPath(new URL('./limiter-child.mjs', import.meta.url));
const MODULE = new URL('../dist/index.js', import.meta.url).href;

/** A process with one limiter, always as busy as it may be. */
export type LimiterProcess = {
  /** When its jobs started, in milliseconds of the clock that all processes of a machine share. */
  readonly starts: number[];
  readonly problems: LimiterProblem[];
  signal(signal: NodeJS.Signals): void;
  /** Lets it finish what it waits for. */
  stop(): Promise<void>;
};

type Message = { startedAt: number } | { problem: LimiterProblem };

/** Starts processes; after each test none is left. */
export function useLimiterProcesses() {
  const running = new Set<ChildProcess>();
  afterEach(async () => {
    for (const child of running) child.kill('SIGKILL');
    await Promise.all([...running].map((child) => once(child, 'exit')));
  });

  return function start(options: RateLimiterOptions, clockIsAheadMs = 0): LimiterProcess {
    const child = fork(CHILD, [JSON.stringify({ module: MODULE, clockIsAheadMs, options })]);
    running.add(child);
    child.once('exit', () => running.delete(child));
    const starts: number[] = [];
    const problems: LimiterProblem[] = [];
    child.on('message', (message: Message) => {
      if ('problem' in message) problems.push(message.problem);
      else starts.push(message.startedAt);
    });
    return {
      starts,
      problems,
      signal: (signal) => void child.kill(signal),
      async stop() {
        const exited = once(child, 'exit');
        child.send('stop');
        await exited;
      },
    };
  };
}

/** Milliseconds of the clock that all processes of a machine share. */
export function machineTime(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** The largest number of starts in any window of this length. */
export function mostWithin(starts: number[], windowMs: number): number {
  const sorted = starts.toSorted((a, b) => a - b);
  let first = 0;
  return Math.max(
    0,
    ...sorted.map((at, last) => {
      while (at - sorted[first]! >= windowMs) first += 1;
      return last - first + 1;
    }),
  );
}
