import { setTimeout as sleep } from 'node:timers/promises';
import {
  BooksRefusedError,
  describeRedisError,
  NotReplicatedError,
  redisTroubleOf,
  replicasToWaitFor,
  StoreFullError,
  StoreUnavailableError,
  tellFormats,
} from '@meterbridge/queue';
import type { Redis } from 'ioredis';
import { openProducer } from './connect.js';
import type { SettingsInForce } from './open.js';
import { OperationError } from './operation-error.js';
import { isStopped, type Work } from './work.js';

/** Writes for a person who is told then that it is done. Nobody repeats it, as a sender would. */
export type DurableWriter = {
  /** Sends nothing again by itself: what it was answered, the server that answered has. */
  redis: Redis;
  /** So many replicas have to have it. */
  replicas: number;
  close(): void;
};

/** @throws OperationError as `openProducer`; `not_certain` */
export async function openWriter({
  redis: { url, replicas },
}: {
  redis: Pick<SettingsInForce['redis'], 'url' | 'replicas'>;
}): Promise<DurableWriter> {
  const redis = await openProducer(url);
  try {
    const waitFor = await replicasToWaitFor(redis, replicas);
    // Before any of it is written: an older version names the version that reads it.
    await tellFormats(redis, waitFor);
    return { redis, replicas: waitFor, close: () => redis.disconnect() };
  } catch (error) {
    redis.disconnect();
    throw sayUncertain(error);
  }
}

/**
 * Opens a writer for what is done with it.
 * @throws OperationError (`not_certain`, `redis_full`, `redis_unreachable`) where it may not be done
 */
export async function withWriter<T>(
  config: { redis: Pick<SettingsInForce['redis'], 'url' | 'replicas'> },
  act: (writer: DurableWriter) => Promise<T>,
): Promise<T> {
  const writer = await openWriter(config);
  try {
    return await act(writer);
  } catch (error) {
    throw sayUncertain(error);
  } finally {
    writer.close();
  }
}

/** What a person has to know where something may not be done; any other error as it is. */
function sayUncertain(error: unknown): unknown {
  if (error instanceof NotReplicatedError) {
    const { reached, replicas } = error;
    return new OperationError(
      'not_certain',
      `Redis has it, but ${reached} of ${replicas} replicas said so in half a second:\na failover would lose it. Once they answer, say it again.`,
    );
  }
  if (error instanceof StoreFullError) {
    return new OperationError(
      'redis_full',
      'Redis is at its memory limit and takes nothing:\nsee docs/runbook.md, Redis is full',
    );
  }
  if (error instanceof StoreUnavailableError) {
    const trouble = redisTroubleOf(error);
    if (trouble !== null && trouble !== 'unreachable') {
      return new OperationError('redis_refused', describeRedisError(error)!, { cause: error });
    }
    return new OperationError(
      'not_certain',
      'Redis did not answer: it has it, or not. Once it answers, say it again.',
    );
  }
  if (error instanceof BooksRefusedError) {
    return new OperationError(
      'not_possible',
      `Nothing was changed: ${error.message}.\nSee docs/runbook.md, It does not add up`,
    );
  }
  return error;
}

/** How often is tried again. */
const TRY_EVERY_MS = 250;

/**
 * Repeats it until Redis and its replicas have it; says once why it waits, and once that it goes on.
 * @throws OperationError (`not_certain`) where it is stopped while it waits
 */
export async function insist<T>(
  act: () => Promise<T>,
  work: Pick<Work, 'onWait' | 'signal'> = {},
): Promise<T> {
  const { onWait } = work;
  for (let isWaiting = false; ; isWaiting = true) {
    try {
      const done = await act();
      if (isWaiting) onWait?.(null);
      return done;
    } catch (error) {
      const why = whyItWaits(error);
      if (!why) throw error;
      if (isStopped(work)) {
        throw new OperationError(
          'not_certain',
          `Stopped while it waited (${why}): Redis has it, or not. Once it answers, say it again.`,
        );
      }
      if (!isWaiting) onWait?.(why);
      await sleep(TRY_EVERY_MS);
    }
  }
}

/** Null for what no waiting mends. */
export function whyItWaits(error: unknown): string | null {
  const cause = error instanceof StoreUnavailableError ? error.cause : error;
  if (cause instanceof NotReplicatedError) {
    return `Redis has it, and ${cause.reached} of ${cause.replicas} replicas say so`;
  }
  return error instanceof StoreUnavailableError ? error.message : null;
}
