import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { writeReplicated } from '../redis/replication.js';

/*
 * The people whose later events are refused, as tokens that lead to nobody (`refusalTokens`). One hash, so that what is
 * added or taken away and the name of what there is then are one step; its version is all that receivers ask for.
 */

const KEY = 'meterbridge:refused-people';
const VERSION = 'version';
/** Fields that Redis gives at once. */
const SCAN_COUNT = 1_000;

/** Of a token: the person it stands for beside others, which key it was made with, and since when it is there. */
export type Refusal = {
  /** A digest; the tokens of one person have it in common. */
  person: string;
  /** As `keyCheckOf`. */
  key: string;
  /** Epoch milliseconds, by Redis' clock. */
  at: number;
};

export type RefusalSnapshot = {
  /** Null where nobody ever was refused. */
  version: string | null;
  tokens: Map<string, Refusal>;
};

/**
 * Adds tokens; those that are there stay.
 * @param replicas have to have it
 * @throws as `writeReplicated`
 */
export async function refusePeople(
  redis: Redis,
  tokens: readonly string[],
  { person, key, at }: Refusal,
  replicas: number,
): Promise<void> {
  const value = JSON.stringify([person, key, at]);
  const fields = { ...Object.fromEntries(tokens.map((token) => [token, value])), [VERSION]: randomUUID() };
  await writeReplicated(redis, KEY, replicas, () => redis.hset(KEY, fields));
}

/** Takes tokens away. @returns how many were there @throws as `writeReplicated` */
export async function allowPeople(
  redis: Redis,
  tokens: readonly string[],
  replicas: number,
): Promise<number> {
  return writeReplicated(redis, KEY, replicas, async () => {
    const results = await redis
      .multi()
      .hdel(KEY, ...tokens)
      .hset(KEY, VERSION, randomUUID())
      .exec();
    const [error, removed] = results![0]!;
    if (error) throw error;
    return removed as number;
  });
}

/** The name of what there is; null where nobody ever was refused. */
export async function readRefusalVersion(redis: Redis): Promise<string | null> {
  return redis.hget(KEY, VERSION);
}

/** How many tokens there are. */
export async function countRefusals(redis: Redis): Promise<number> {
  return Math.max(0, (await redis.hlen(KEY)) - 1);
}

/** Which of some tokens are there. */
export async function findRefusals(redis: Redis, tokens: readonly string[]): Promise<string[]> {
  const found = await redis.hmget(KEY, ...tokens);
  return tokens.filter((_, index) => found[index] !== null);
}

/** All that are refused, in pages; what is added meanwhile comes with another version. */
export async function readRefusals(redis: Redis): Promise<RefusalSnapshot> {
  const version = await readRefusalVersion(redis);
  const tokens: RefusalSnapshot['tokens'] = new Map();
  let cursor = '0';
  do {
    const [next, page] = await redis.hscan(KEY, cursor, 'COUNT', SCAN_COUNT);
    for (let at = 0; at < page.length; at += 2) {
      const token = page[at]!;
      if (token === VERSION) continue;
      const [person, key, since] = JSON.parse(page[at + 1]!) as [string, string, number];
      tokens.set(token, { person, key, at: since });
    }
    cursor = next;
  } while (cursor !== '0');
  return { version, tokens };
}
