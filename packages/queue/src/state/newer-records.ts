import type { StoredKind } from '@meterbridge/delivery';
import type { Redis } from 'ioredis';
import { queueKeys } from '../keys/keys.js';
import { keepHints, readHints } from './hints.js';

/** Records of a newer version by which deliveries wait. Times are epoch milliseconds. */
export type NewerRecords = { kind: StoredKind; format: number; since: number; at: number };

const newerKey = (destination: string) => `${queueKeys(destination).prefix}:newer-records`;

/** Notes that deliveries wait for a newer worker. @param now epoch milliseconds, by Redis' clock */
export async function keepNewerRecords(
  redis: Redis,
  destination: string,
  { kind, format }: Pick<NewerRecords, 'kind' | 'format'>,
  now: number,
): Promise<void> {
  await keepHints(redis, newerKey(destination), [`${kind}/${format}`], now);
}

/** What deliveries wait by now. @param now epoch milliseconds, by Redis' clock */
export async function readNewerRecords(
  redis: Redis,
  destination: string,
  now: number,
): Promise<NewerRecords[]> {
  const hints = await readHints(redis, newerKey(destination), now);
  return hints.map(({ name, since, at }) => {
    const [kind, format] = name.split('/') as [StoredKind, string];
    return { kind, format: Number(format), since, at };
  });
}
