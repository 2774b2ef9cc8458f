import type { Redis } from 'ioredis';
import { queueKeys } from '../keys/keys.js';
import { keepHints, readHints } from './hints.js';

/** A rule that was removed while deliveries under it were on their way. Times are epoch milliseconds. */
export type MissingRule = { rule: string; since: number; at: number };

const missingKey = (destination: string) => `${queueKeys(destination).prefix}:missing-rules`;

/** Notes that deliveries wait for rules which no configuration has any more. @param now epoch milliseconds, by Redis' clock */
export async function keepMissingRules(
  redis: Redis,
  destination: string,
  rules: readonly string[],
  now: number,
): Promise<void> {
  await keepHints(redis, missingKey(destination), rules, now);
}

/** The rules that deliveries wait for now. @param now epoch milliseconds, by Redis' clock */
export async function readMissingRules(
  redis: Redis,
  destination: string,
  now: number,
): Promise<MissingRule[]> {
  const hints = await readHints(redis, missingKey(destination), now);
  return hints.map(({ name, since, at }) => ({ rule: name, since, at }));
}
