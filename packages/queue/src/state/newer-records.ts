import type { StoredKind } from '@meterbridge/delivery';
import type { Redis } from 'ioredis';
import { queueKeys } from '../keys/keys.js';

/*
 * Formats that no worker here could read, by destination: a word for `status`. What waits so says it again each time
 * that it is tried, which is every few minutes at least.
 */

/** Records of a newer version by which deliveries wait. Times are epoch milliseconds. */
export type NewerRecords = { kind: StoredKind; format: number; since: number; at: number };

/** What is not said again for so long is over: twice the longest wait between two tries. */
const OVER_AFTER_MS = 11 * 60_000;

const newerKey = (destination: string) => `${queueKeys(destination).prefix}:newer-records`;

/** Notes that deliveries wait for a newer worker. @param now epoch milliseconds, by Redis' clock */
export async function keepNewerRecords(
  redis: Redis,
  destination: string,
  { kind, format }: Pick<NewerRecords, 'kind' | 'format'>,
  now: number,
): Promise<void> {
  const all = await readNewerRecords(redis, destination, now);
  const known = all.find((each) => each.kind === kind && each.format === format);
  const text = JSON.stringify([known?.since ?? now, now]);
  await redis.hset(newerKey(destination), `${kind}/${format}`, text);
}

/** What deliveries wait by now. @param now epoch milliseconds, by Redis' clock */
export async function readNewerRecords(
  redis: Redis,
  destination: string,
  now: number,
): Promise<NewerRecords[]> {
  const texts = Object.entries(await redis.hgetall(newerKey(destination)));
  return texts
    .map(([name, text]) => {
      const [kind, format] = name.split('/') as [StoredKind, string];
      const [since, at] = JSON.parse(text) as [number, number];
      return { kind, format: Number(format), since, at };
    })
    .filter(({ at }) => now - at < OVER_AFTER_MS);
}
