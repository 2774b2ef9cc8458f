import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '@meterbridge/config';
import {
  NotReplicatedError,
  replicasToWaitFor,
  StoreFullError,
  StoreUnavailableError,
} from '@meterbridge/queue';
import type { Redis } from 'ioredis';
import { CommandError, openProducer } from './load-context.js';

/** What writes for somebody who is told then that it is done. Nobody says it again, as a sender does. */
export type Hand = {
  /** Sends nothing again by itself: what it was answered, the server that answered has. */
  redis: Redis;
  /** So many replicas have to have it. */
  replicas: number;
  close(): void;
};

/** @throws CommandError where Redis does not answer within five seconds */
export async function openHand({ redis: { url, replicas } }: Pick<Config, 'redis'>): Promise<Hand> {
  const redis = await openProducer(url);
  try {
    return {
      redis,
      replicas: await replicasToWaitFor(redis, replicas),
      close: () => redis.disconnect(),
    };
  } catch (error) {
    redis.disconnect();
    throw error;
  }
}

/** Opens one for what is done with it. @throws CommandError where it may not be done: `sayUnsure` */
export async function withHand<T>(
  config: Pick<Config, 'redis'>,
  act: (hand: Hand) => Promise<T>,
): Promise<T> {
  const hand = await openHand(config);
  try {
    return await act(hand);
  } catch (error) {
    throw sayUnsure(error);
  } finally {
    hand.close();
  }
}

/** What a person has to know where something may not be done; any other error as it is. */
function sayUnsure(error: unknown): unknown {
  if (error instanceof NotReplicatedError) {
    const { reached, replicas } = error;
    return new CommandError(
      `Redis has it, but ${reached} of ${replicas} replicas said so in half a second:\na failover would lose it. Once they answer, say it again.`,
    );
  }
  if (error instanceof StoreFullError) {
    return new CommandError(
      'Redis is at its memory limit and takes nothing:\nsee docs/runbook.md, Redis is full',
    );
  }
  if (error instanceof StoreUnavailableError) {
    return new CommandError('Redis did not answer: it has it, or not. Once it answers, say it again.');
  }
  return error;
}

/** How often is tried again. */
const TRY_EVERY_MS = 250;

/** Does it until Redis and its replicas have it; says once why it waits, and once that it goes on. */
export async function insist<T>(act: () => Promise<T>): Promise<T> {
  for (let isWaiting = false; ; isWaiting = true) {
    try {
      const done = await act();
      if (isWaiting) console.error('Going on.');
      return done;
    } catch (error) {
      const why = whyItWaits(error);
      if (!why) throw error;
      if (!isWaiting) console.error(`${why}: waiting …`);
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
  return error instanceof StoreUnavailableError ? 'Redis cannot be reached' : null;
}
