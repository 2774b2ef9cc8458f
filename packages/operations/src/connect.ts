import { setTimeout as sleep } from 'node:timers/promises';
import { connectConsumer, connectProducer } from '@meterbridge/queue';
import type { Redis } from 'ioredis';
import { OperationError } from './operation-error.js';

/** How long a Redis is waited for that does not answer. */
const CONNECT_MS = 5_000;

function noAnswer(url: string, last: Error | null): OperationError {
  // Without its password.
  const shown = url.replace(/\/\/.*@/, '//…@').replace(/\?.*$/, '?…');
  // Of the connection alone: an answer of Redis may repeat what it was sent.
  const { code, message = '' } = (last ?? {}) as NodeJS.ErrnoException;
  const why = code === undefined ? '' : ` (${message || code})`;
  return new OperationError(
    'redis_unreachable',
    `Redis does not answer at ${shown}${why}. Is it running? REDIS_URL names another.`,
  );
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
 * Opens a connection for one operation, which waits for Redis from then on.
 * @throws OperationError (`redis_unreachable`) when Redis does not answer within five seconds
 */
export async function openRedis(url: string): Promise<Redis> {
  let last: Error | null = null;
  const redis = connectConsumer(url, (error) => {
    last = error;
  });
  const late = new Promise<never>((_, reject) => {
    setTimeout(() => reject(noAnswer(url, last)), CONNECT_MS).unref();
  });
  try {
    await Promise.race([redis.ping(), late]);
    return redis;
  } catch (error) {
    redis.disconnect();
    throw error;
  }
}

/**
 * Opens a connection that sends nothing again by itself, and fails at once while Redis is away.
 * @throws OperationError (`redis_unreachable`) when Redis does not answer within five seconds
 */
export async function openProducer(url: string): Promise<Redis> {
  let last: Error | null = null;
  const redis = connectProducer(url, (error) => {
    last = error;
  });
  const deadline = performance.now() + CONNECT_MS;
  while (redis.status !== 'ready') {
    if (performance.now() > deadline) {
      redis.disconnect();
      throw noAnswer(url, last);
    }
    await sleep(20);
  }
  return redis;
}
