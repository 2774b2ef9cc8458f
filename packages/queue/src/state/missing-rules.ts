import type { Redis } from 'ioredis';
import { queueKeys } from '../keys/keys.js';

/*
 * Rules that deliveries wait for because no configuration has them any more: a word for `status`, by destination. What
 * waits says so again each time that it is tried, which is every few minutes.
 */

/** A rule that was removed while deliveries under it were on their way. Times are epoch milliseconds. */
export type MissingRule = { rule: string; since: number; at: number };

/** What is not said again for so long is over: twice the longest wait between two tries. */
const OVER_AFTER_MS = 11 * 60_000;

const missingKey = (destination: string) => `${queueKeys(destination).prefix}:missing-rules`;

/** Notes that deliveries wait for rules. @param now epoch milliseconds, by Redis' clock */
export async function keepMissingRules(
  redis: Redis,
  destination: string,
  rules: readonly string[],
  now: number,
): Promise<void> {
  const known = new Map((await readMissingRules(redis, destination, now)).map((each) => [each.rule, each]));
  const entries = rules.map((rule) => [rule, JSON.stringify([known.get(rule)?.since ?? now, now])]);
  if (entries.length > 0) await redis.hset(missingKey(destination), Object.fromEntries(entries));
}

/** The rules that deliveries wait for now. @param now epoch milliseconds, by Redis' clock */
export async function readMissingRules(
  redis: Redis,
  destination: string,
  now: number,
): Promise<MissingRule[]> {
  const texts = Object.entries(await redis.hgetall(missingKey(destination)));
  return texts
    .map(([rule, text]) => {
      const [since, at] = JSON.parse(text) as [number, number];
      return { rule, since, at };
    })
    .filter(({ at }) => now - at < OVER_AFTER_MS);
}
