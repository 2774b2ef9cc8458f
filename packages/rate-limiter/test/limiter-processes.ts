import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, expect } from '@jest/globals';
import type { LimiterProblem, RateLimiterOptions } from '../src/index.js';

const CHILD = fileURLToPath(new URL('./limiter-child.mjs', import.meta.url));
const MODULE = new URL('../dist/index.js', import.meta.url).href;

/** A process with one limiter, always as busy as it may be. Times are milliseconds of Redis' clock, the machine's. */
export type LimiterProcess = {
  /** When Redis granted it a start that it used. */
  readonly grants: number[];
  /** When its jobs started. */
  readonly starts: number[];
  readonly problems: LimiterProblem[];
  /** Whether it waits for Redis' word on a start. */
  isAsking(): boolean;
  signal(signal: NodeJS.Signals): void;
  /** Lets it finish what it waits for. */
  stop(): Promise<void>;
};

type Message =
  | { grantedAt: number }
  | { unused: number }
  | { asking: number }
  | { startedAt: number }
  | { problem: LimiterProblem };

/** Starts processes; none is left after each test, or whatever else is said. */
export function useLimiterProcesses(after = afterEach) {
  const running = new Set<ChildProcess>();
  after(async () => {
    for (const child of running) child.kill('SIGKILL');
    await Promise.all([...running].map((child) => once(child, 'exit')));
  });

  return function start(options: RateLimiterOptions, clockIsAheadMs = 0): LimiterProcess {
    const child = fork(CHILD, [JSON.stringify({ module: MODULE, clockIsAheadMs, options })]);
    running.add(child);
    child.once('exit', () => running.delete(child));
    const [grants, starts, problems]: [number[], number[], LimiterProblem[]] = [[], [], []];
    let asking = 0;
    child.on('message', (message: Message) => {
      if ('problem' in message) problems.push(message.problem);
      else if ('grantedAt' in message) grants.push(message.grantedAt);
      else if ('unused' in message) grants.splice(grants.lastIndexOf(message.unused), 1);
      else if ('asking' in message) asking += message.asking;
      else starts.push(message.startedAt);
    });
    return {
      grants,
      starts,
      problems,
      isAsking: () => asking > 0,
      signal: (signal) => void child.kill(signal),
      async stop() {
        const exited = once(child, 'exit');
        child.send('stop');
        await exited;
      },
    };
  };
}

/**
 * Longer than a busy machine keeps a process from what Redis has just answered, and much shorter than a test lets one
 * be frozen.
 */
const STALE_MS = 900;

/**
 * The rate is kept: judged by the moments in which Redis granted the starts, since what a busy machine adds until a job
 * runs is nobody's choice. No job starts without a grant, or on one that is stale.
 */
export function expectWithinRate(processes: readonly LimiterProcess[], requestsPerSecond: number): void {
  const granted = processes.flatMap(({ grants }) => grants);
  expect(mostWithin(granted, 1_000)).toBeLessThanOrEqual(requestsPerSecond);
  for (const { grants, starts } of processes) {
    expect(starts.length).toBeLessThanOrEqual(grants.length);
    expect(Math.max(...starts.map((at, index) => at - grants[index]!))).toBeLessThan(STALE_MS);
  }
}

/** The largest number of starts in any window of this length. */
export function mostWithin(starts: readonly number[], windowMs: number): number {
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
