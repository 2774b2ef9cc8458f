import {
  FORMATS,
  type Formats,
  formatsToTell,
  newerFormat,
  newerWords,
  type ToldFormats,
} from '@meterbridge/delivery';
import type { Redis } from 'ioredis';
import { every } from '../redis/every.js';
import { UnsafeRedisError } from '../redis/redis-safety.js';
import { writeReplicated } from '../redis/replication.js';
import { defineScript } from '../redis/script.js';
import { SCRIPTS } from '../scripts.generated.js';

/*
 * The highest formats that were ever written here, and the version that could read each first: one hash of the whole
 * installation. An older version learns from it whom to name, and whether it may touch anything at all.
 */

const KEY = 'meterbridge:formats';
/** How often a process that runs looks whether a newer version has changed the form of the whole. */
const LOOK_EVERY_MS = 5_000;

const raiseScript = defineScript(SCRIPTS['state/raise-formats']);

/** What was said of formats by any version. Throws as the client does. */
export async function readFormats(redis: Redis): Promise<ToldFormats> {
  const fields = Object.entries(await redis.hgetall(KEY));
  return Object.fromEntries(
    fields.map(([kind, text]) => {
      const [format, since] = text.split(' ');
      return [kind, { format: Number(format), since: since ?? '' }];
    }),
  );
}

/**
 * Says what this version writes, before it writes any of it; nothing where that is said.
 * @param replicas have to have it; only for a client that sends nothing again by itself, 0 for any other
 * @throws UnsafeRedisError as `assertKnownStore`; else as `writeReplicated`
 */
export async function tellFormats(redis: Redis, replicas = 0, formats: Formats = FORMATS): Promise<void> {
  const told = await assertKnownStore(redis, formats);
  const news = formatsToTell(told, formats).flatMap(([kind, { format, since }]) => [kind, format, since]);
  if (news.length === 0) return;
  await writeReplicated(redis, KEY, replicas, () => raiseScript.run(redis, { formats: KEY }, { news }));
}

/**
 * Looks before anything is read or written whose form is that of the whole.
 * @returns what was said of all formats
 * @throws UnsafeRedisError, in words for a person, where a newer version has changed that form; else as the client does
 */
export async function assertKnownStore(redis: Redis, formats: Formats = FORMATS): Promise<ToldFormats> {
  const told = await readFormats(redis);
  const newer = newerFormat('store', told.store?.format, formats);
  if (newer === undefined) return told;
  const words = newerWords('store', newer, told);
  throw new UnsafeRedisError(`What lies in Redis was ${words}.`);
}

/**
 * Looks again on each new connection, and every few seconds, and says anew what this version writes where a failover
 * has lost that: a client that sends again by itself cannot wait for replicas to have it.
 * @param onNewer told once a newer version has changed the form of the whole: nothing may be written from then on
 */
export function watchFormats(redis: Redis, onNewer: (error: UnsafeRedisError) => void): { stop(): void } {
  const look = () =>
    tellFormats(redis).then(
      () => {},
      // Redis is away, or takes no write, and is asked again.
      (error) => error instanceof UnsafeRedisError && onNewer(error),
    );
  redis.on('ready', look);
  const rounds = every(LOOK_EVERY_MS, async () => {
    if (redis.status === 'ready') await look();
  });
  return {
    stop() {
      redis.off('ready', look);
      rounds.stop();
    },
  };
}
