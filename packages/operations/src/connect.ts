import { setTimeout as sleep } from 'node:timers/promises';
import {
  assertKnownStore,
  connectConsumer,
  connectProducer,
  describeRedisError,
  placeOf,
  redisErrorWords,
  redisTroubleOf,
  UnsafeRedisError,
  watchFormats,
  writeRefusal,
} from '@meterbridge/queue';
import type { Redis } from 'ioredis';
import { OperationError } from './operation-error.js';

/** How long a Redis is waited for that does not answer, or takes no write since it is no master. */
const CONNECT_MS = 5_000;
/** Of a command to one that is no master: its words come before it counts as silent. */
const NO_MASTER_MS = 3_000;
const LOOK_EVERY_MS = 20;

function noAnswer(url: string, last: Error | null): OperationError {
  const why = last ? ` (${redisErrorWords(last)})` : '';
  return new OperationError(
    'redis_unreachable',
    `Redis does not answer at ${placeOf(url)}${why}. Is it running? REDIS_URL names another.`,
  );
}

/** An error of the client in words, where it is an answer of Redis or about what lies there; else as it is. */
export function sayRefused(error: unknown): unknown {
  if (error instanceof UnsafeRedisError) return new OperationError('newer_version', error.message);
  const words = describeRedisError(error);
  return words === null ? error : new OperationError('redis_refused', words, { cause: error });
}

const REDIS_ANSWERS_WITHIN_MS = 5_000;

/**
 * Rejects when Redis should have answered by now, for a race with what asks it: a client that waits would wait for ever.
 * @param workMs how long the work may take beside that
 */
export async function redisSilence(workMs = 0): Promise<never> {
  await sleep(workMs + REDIS_ANSWERS_WITHIN_MS, undefined, { ref: false });
  throw new OperationError('redis_unreachable', 'Redis does not answer any more.');
}

/**
 * Opens a connection for one operation, which waits for Redis from then on; for another master, some seconds.
 * @throws OperationError (`redis_unreachable`) when Redis does not answer within five seconds; `redis_refused`;
 *   `newer_version` where one has changed the form of what lies there
 */
export async function openRedis(url: string): Promise<Redis> {
  let last: Error | null = null;
  const redis = connectConsumer(url, (error) => (last = error), { patienceMs: NO_MASTER_MS });
  const late = new Promise<never>((_, reject) => {
    setTimeout(() => reject(noAnswer(url, last)), CONNECT_MS).unref();
  });
  try {
    // A read: one that can write nothing can be read all the same.
    await Promise.race([assertKnownStore(redis), late]);
    return redis;
  } catch (error) {
    redis.disconnect();
    throw sayRefused(error);
  }
}

/**
 * Opens a connection for writing that sends nothing again by itself, and fails at once while Redis is away.
 * @throws OperationError (`redis_unreachable`) when Redis does not answer within five seconds; `redis_refused` where it
 *   takes no write; `newer_version` where one has changed the form of what lies there
 */
export async function openProducer(url: string): Promise<Redis> {
  let last: Error | null = null;
  const redis = connectProducer(url, (error) => (last = error));
  const deadline = performance.now() + CONNECT_MS;
  for (;;) {
    if (redis.status === 'ready') {
      const refusal = await writeRefusal(redis);
      if (refusal === null && redis.status === 'ready') return await knowingItsForm(redis);
      // Between two connections the client has words of its own only: what Redis said before tells more.
      if (refusal?.name === 'ReplyError') last = refusal;
      else last ??= refusal;
    }
    const trouble = redisTroubleOf(last);
    // A failover may be under way.
    const isPassing = trouble === null || trouble === 'unreachable' || trouble === 'read_only';
    if (!isPassing || performance.now() > deadline) {
      redis.disconnect();
      throw trouble === null || trouble === 'unreachable' ? noAnswer(url, last) : sayRefused(last);
    }
    await sleep(LOOK_EVERY_MS);
  }
}

/**
 * Looks every few seconds whether a newer version has changed the form of the whole: for what writes for hours.
 * @returns `met`: what it is to end with then; null as long as it may go on
 */
export function watchNewer(redis: Redis): { met(): unknown; stop(): void } {
  let met: unknown = null;
  const { stop } = watchFormats(redis, (error) => {
    met = sayRefused(error);
  });
  return { met: () => met, stop };
}

/** The connection itself; ended where what lies there has a form that this version does not know. */
async function knowingItsForm(redis: Redis): Promise<Redis> {
  try {
    await assertKnownStore(redis);
    return redis;
  } catch (error) {
    redis.disconnect();
    throw sayRefused(error);
  }
}
