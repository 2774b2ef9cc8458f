import type { Redis } from 'ioredis';
import { queueKeys } from '../keys/keys.js';

/*
 * In which store a destination's API keeps events, as the worker that started last was told: a word for `status`,
 * which asks no API.
 */

const eventsStoreKey = (destination: string) => `${queueKeys(destination).prefix}:events-store`;

/** @param name as the API said; null where it did not say: what another account once said must not stay */
export async function keepEventsStore(redis: Redis, destination: string, name: string | null): Promise<void> {
  await redis.set(eventsStoreKey(destination), name ?? '');
}

/** The name that is kept; null where nobody was told. */
export async function readEventsStore(redis: Redis, destination: string): Promise<string | null> {
  return (await redis.get(eventsStoreKey(destination))) || null;
}
