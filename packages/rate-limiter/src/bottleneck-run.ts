import { openClient } from '@meterbridge/redis-connection';
import Bottleneck from 'bottleneck';
import { Redis } from 'ioredis';
import { runByRedisTime } from './redis-time.js';
import type { SharedPacerOptions } from './shared-pacer.js';
import {
  createStartLog,
  limiterName,
  SAY_LIMIT_EVERY_MS,
  type StartLimit,
  type StartLog,
  startLimit,
} from './start-log.js';

/** One bottleneck with its own connection, from opening it to its first failure. */
export type BottleneckRun = {
  /** True at the moment to start; false when this bottleneck has failed or was closed before that. */
  takeSlot(): Promise<boolean>;
  close(): Promise<void>;
};

/** A command that gets no answer for so long is sent again on a new connection. */
const ANSWER_TIMEOUT_MS = 5_000;
/** Redis forgets a process that is silent for longer. */
const CLIENT_TIMEOUT_MS = 60_000;
/** Redis forgets a permit of a process that died while it held it. */
const SLOT_EXPIRATION_MS = 60_000;
/**
 * Turns come this much slower than starts are allowed, each second: a start that was late by chance does not
 * make the line wait at the start log, where nobody keeps its order.
 */
const EASE_MS = 3;

/**
 * Says the limit of this process for as long as it runs, at once on each connection: a Redis that knows of no starts has
 * a second to wait for. The turns of a line that is held to a lower limit come as slowly, and quicker again once that is
 * gone. @returns what ends it
 */
function keepSayingLimit(
  client: Pick<Redis, 'status' | 'on' | 'off'>,
  log: StartLog,
  own: StartLimit,
  setSpacing: (ms: number) => unknown,
): () => void {
  let spacing = spacingOf(own);
  let isOver = false;
  async function say(): Promise<void> {
    const lowest = spacingOf(await log.sayLimit());
    if (lowest === spacing || isOver) return;
    spacing = lowest;
    await setSpacing(spacing);
  }
  // What fails is said again in the next round.
  const trySaying = () => say().catch(() => {});
  const timer = setInterval(() => {
    if (client.status === 'ready') void trySaying();
  }, SAY_LIMIT_EVERY_MS);
  timer.unref();
  client.on('ready', trySaying);
  return () => {
    isOver = true;
    clearInterval(timer);
    client.off('ready', trySaying);
  };
}

function spacingOf({ starts, windowMs }: StartLimit): number {
  return (windowMs + EASE_MS) / starts;
}

export function openBottleneck(options: SharedPacerOptions): BottleneckRun {
  const { id, requestsPerSecond, redisUrl, onProblem } = options;
  const client = runByRedisTime(
    openClient(redisUrl, {
      connection: { maxRetriesPerRequest: null, socketTimeout: ANSWER_TIMEOUT_MS },
    }),
  );
  // Told once per outage, not at every try to connect.
  let isReachable = true;
  client.on('ready', () => {
    isReachable = true;
  });
  client.on('error', () => {
    if (isReachable) onProblem('redis_unreachable');
    isReachable = false;
  });
  // One connection object a limiter: several on one hang. Without `Redis`, bottleneck looks for ioredis in
  // its own folder, where a strict package manager has not put it.
  const connection = new Bottleneck.IORedisConnection({ Redis, client });
  connection.on('error', () => {});
  const name = limiterName(id);
  const limit = startLimit(requestsPerSecond);
  const minTime = spacingOf(limit);
  const limiter = new Bottleneck({ id: name, minTime, clientTimeout: CLIENT_TIMEOUT_MS, connection });
  const log = createStartLog(client, name, limit);

  const stopSaying = keepSayingLimit(client, log, limit, async (minTime) => {
    await ready;
    await limiter.updateSettings({ minTime });
  });
  const waiting = new Set<(granted: boolean) => void>();
  let hasFailed = false;

  function fail(): void {
    if (hasFailed) return;
    hasFailed = true;
    stopSaying();
    connection.disconnect(false);
    void limiter.disconnect(false);
    for (const settle of waiting) settle(false);
  }

  // Only scripts that Redis refused come here: a lost connection is healed by sending again.
  limiter.on('error', fail);
  const ready = limiter
    .ready()
    // The rate of the first who ever came is kept in Redis; what is configured now has to win.
    .then(() => limiter.updateSettings({ minTime }))
    .catch(fail);

  return {
    takeSlot: () =>
      new Promise((resolve) => {
        const settle = (granted: boolean) => {
          waiting.delete(settle);
          resolve(granted);
        };
        waiting.add(settle);
        // Settled by the turn itself: bottleneck's own promise would wait for Redis once more.
        const turn = async () => {
          log.awaitStart().then(() => settle(true), fail);
        };
        void ready.then(() => {
          if (hasFailed) return settle(false);
          limiter.schedule({ expiration: SLOT_EXPIRATION_MS }, turn).catch(fail);
        });
      }),
    async close() {
      if (client.status === 'ready' && !hasFailed) await log.leave().catch(() => {});
      fail();
      // Clears the timers of permits that nobody waits for any more.
      void limiter.stop().catch(() => {});
    },
  };
}
