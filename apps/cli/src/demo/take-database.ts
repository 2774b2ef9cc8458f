import { randomUUID } from 'node:crypto';
import { openRedis } from '@meterbridge/operations';
import type { Redis } from 'ioredis';
import { CommandError } from '../load-context.js';

/** A Redis database that a demonstration has for itself. Its URL may hold a password. */
export type DemoDatabase = {
  url: string;
  /** Its number, for people. */
  number: number;
  /** Empties it again, and leaves. */
  release(): Promise<void>;
};

/** Tells another demonstration that a database is taken. */
const MARKER = 'meterbridge:demo';
/** A server has sixteen databases unless it is told otherwise; the first is where real data commonly are. */
const DATABASES = Array.from({ length: 16 }, (_, number) => 15 - number);

/**
 * Takes an empty database: the one that the URL names, or else the last that is empty. Nothing of real use is in it,
 * so that all of it can be removed at the end.
 * @throws CommandError where there is none, OperationError where Redis does not answer
 */
export async function takeDatabase(url: string): Promise<DemoDatabase> {
  const found = /^(rediss?:\/\/[^/?]*)(?:\/(\d*))?(\?.*)?$/.exec(url);
  if (!found) throw new CommandError(`${NEEDS} REDIS_URL names another kind of Redis. ${INSTEAD}`);
  const [, server, named, query = ''] = found;
  const redis = await openRedis(url);
  const id = randomUUID();
  try {
    for (const number of named ? [Number(named)] : DATABASES) {
      if (!(await isSelected(redis, number)) || !(await isClaimed(redis, id))) continue;
      return {
        url: `${server}/${number}${query}`,
        number,
        async release() {
          if ((await redis.get(MARKER)) === id) await redis.flushdb();
          redis.disconnect();
        },
      };
    }
  } catch (error) {
    redis.disconnect();
    throw error;
  }
  redis.disconnect();
  const what = named
    ? `Database ${named} of the Redis in REDIS_URL`
    : 'Every database of the Redis in REDIS_URL';
  throw new CommandError(`${NEEDS} ${what} holds data already, or is not there. ${INSTEAD}`);
}

const NEEDS = 'A demonstration takes an empty database of one Redis server, and empties it again at its end.';
const INSTEAD =
  'Name an empty one (redis://host:port/9), or unset REDIS_URL: then it starts a Redis of its own.';

/** Whether the server has a database of this number: then commands go there. */
async function isSelected(redis: Redis, number: number): Promise<boolean> {
  try {
    await redis.select(number);
    return true;
  } catch (error) {
    if (/out of range|invalid DB/i.test((error as Error).message)) return false;
    throw error;
  }
}

/** Marks the database as taken where nothing is in it: of two that try, one has it at most. */
async function isClaimed(redis: Redis, id: string): Promise<boolean> {
  if ((await redis.dbsize()) > 0 || !(await redis.set(MARKER, id, 'NX'))) return false;
  if ((await redis.dbsize()) === 1) return true;
  await redis.del(MARKER);
  return false;
}
