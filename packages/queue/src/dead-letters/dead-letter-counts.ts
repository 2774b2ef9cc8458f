import type { Redis } from 'ioredis';
import { queueKeys } from '../keys/keys.js';
import { shardsOf } from '../state/shards.js';
import type { Fingerprint } from './fingerprint.js';

/** Letters of one day that have their fingerprint in common. */
export type DeadLetterCount = {
  /** Of their death, in UTC: `2026-11-21`. */
  day: string;
  /** Null for those that came when a shard had two hundred others of that day: they are not told apart. */
  fingerprint: Fingerprint | null;
  letters: number;
};

const DAY_MS = 86_400_000;

/**
 * How many dead letters a destination has of each fingerprint and day, the oldest day first, without a look at them: the
 * scripts that add and take letters count them (dead-letters/letters.lua). The day is that of Redis' clock at the
 * script, which at midnight may be that before the letter's own.
 */
export async function readDeadLetterCounts(destination: string, redis: Redis): Promise<DeadLetterCount[]> {
  const shards = await shardsOf(destination, redis);
  const hashes = await Promise.all(shards.map((shard) => redis.hgetall(queueKeys(shard).fingerprints)));
  const counts = new Map<string, DeadLetterCount>();
  for (const [field, value] of hashes.flatMap((each) => Object.entries(each))) {
    const [day, digest] = field.split('/');
    if (digest === undefined) continue;
    const end = value.indexOf(' ');
    const letters = Number(value.slice(0, end));
    const text = value.slice(end + 1);
    const known = counts.get(field);
    if (known) known.letters += letters;
    else {
      const fingerprint = text === '' ? null : (JSON.parse(text) as Fingerprint);
      counts.set(field, {
        day: new Date(Number(day) * DAY_MS).toISOString().slice(0, 10),
        fingerprint,
        letters,
      });
    }
  }
  return [...counts.values()].toSorted(byDayAndSize);
}

/** Of one day, the largest first. */
function byDayAndSize(one: DeadLetterCount, other: DeadLetterCount): number {
  return one.day === other.day ? other.letters - one.letters : one.day < other.day ? -1 : 1;
}
