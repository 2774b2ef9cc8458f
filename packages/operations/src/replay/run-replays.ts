import { randomUUID } from 'node:crypto';
import { findOpenReplays, findReplay, takeReplay } from '@meterbridge/queue';
import type { Redis } from 'ioredis';
import { lookOnAndOn } from '../look-on-and-on.js';
import type { Operations } from '../open.js';
import { type Replay, type ReplayEnd, type ReplayWhat, runReplay } from './run-replay.js';

export type ReplayRunnerOptions = {
  /** Waits for as long as Redis is away. */
  redis: Redis;
  /** The destinations that this process can map for. */
  destinations: () => readonly string[];
  /** Opens the system anew for each replay: what it knows of shards and rules is that of now. */
  open: () => Promise<Operations>;
  onTaken?: (replay: Replay) => void;
  onEnded?: (replay: Replay, end: ReplayEnd) => void;
  /** Told why one waits, in words. */
  onWait?: (replay: Replay, why: string) => void;
  /** Told of what is tried again by itself, and of what a replay failed of. */
  onProblem?: (error: Error, replay?: Replay) => void;
};

export type ReplayRunner = {
  /** Takes no more, and lets go of those in hand, which other workers go on with. */
  stop(): Promise<void>;
};

/** Replays in hand at once: each has its own pace, and one at a slow pace holds up no other. */
const AT_ONCE = 5;

/** Runs the replays that no other worker has, for as long as this process lives. */
export function startReplayRunner(options: ReplayRunnerOptions): ReplayRunner {
  const { redis, destinations } = options;
  const draining = new AbortController();
  const running = new Map<string, Promise<void>>();

  async function takeOpenReplays(): Promise<void> {
    if (running.size >= AT_ONCE) return;
    for (const id of await findOpenReplays(redis)) {
      if (running.size >= AT_ONCE || draining.signal.aborted) return;
      if (running.has(id)) continue;
      const replay = await findReplay<ReplayWhat>(redis, id);
      // A newer worker runs what is of its version.
      if (!replay || 'newer' in replay) continue;
      // Another process knows the destinations that this one does not: it would leave their letters.
      if (!Object.keys(replay.what.rules ?? {}).every((name) => destinations().includes(name))) continue;
      const holder = randomUUID();
      if (!(await takeReplay(redis, id, holder))) continue;
      running.set(
        id,
        run(replay, holder).finally(() => running.delete(id)),
      );
    }
  }

  async function run(replay: Replay, holder: string): Promise<void> {
    try {
      const ops = await options.open();
      options.onTaken?.(replay);
      try {
        const end = await runReplay(ops, replay, holder, draining.signal, {
          onFailed: (error) => options.onProblem?.(error, replay),
          onWait: (why) => options.onWait?.(replay, why),
        });
        options.onEnded?.(replay, end);
      } finally {
        ops.close();
      }
    } catch (error) {
      // Its lease runs out soon, and it is tried again.
      options.onProblem?.(error as Error, replay);
    }
  }

  void lookOnAndOn(takeOpenReplays, { draining: draining.signal, onProblem: options.onProblem });

  return {
    async stop() {
      draining.abort();
      // Not for a look: while Redis is away that takes as long as it is.
      await Promise.all(running.values());
    },
  };
}
