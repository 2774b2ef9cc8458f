import type { Redis } from 'ioredis';

/*
 * Words for `status` about why deliveries wait: a hash of names, each with when it was said first and last. What waits
 * says so again each time that it is tried, which is every few minutes at least.
 */

/** Times are epoch milliseconds. */
export type Hint = { name: string; since: number; at: number };

/** What is not said again for so long is over: twice the longest wait between two tries. */
const OVER_AFTER_MS = 11 * 60_000;

/** Says names now, since when they were said first. @param now epoch milliseconds, by Redis' clock */
export async function keepHints(
  redis: Redis,
  key: string,
  names: readonly string[],
  now: number,
): Promise<void> {
  const known = new Map((await readHints(redis, key, now)).map(({ name, since }) => [name, since]));
  const entries = names.map((name) => [name, JSON.stringify([known.get(name) ?? now, now])]);
  if (entries.length > 0) await redis.hset(key, Object.fromEntries(entries));
}

/** Those that hold. @param now epoch milliseconds, by Redis' clock */
export async function readHints(redis: Redis, key: string, now: number): Promise<Hint[]> {
  return Object.entries(await redis.hgetall(key))
    .map(([name, text]) => {
      const [since, at] = JSON.parse(text) as [number, number];
      return { name, since, at };
    })
    .filter(({ at }) => now - at < OVER_AFTER_MS);
}
