import type { Redis } from 'ioredis';
import { SCRIPTS } from '../scripts.generated.js';
import { every } from './every.js';
import { defineScript } from './script.js';

/**
 * Redis' clock, for everything that one process writes and another reads: until when to wait, who may probe,
 * when an event was received. A machine whose own clock is wrong or is set anew changes nothing in it.
 *
 * BullMQ keeps to each process's own clock. It says when a job that was put back is due, so such a retry
 * comes as much too early or too late as the clocks of the worker that wrote it and of the one that looks
 * for due jobs differ; locks and stalled jobs are counted by Redis.
 */
export type StoreClock = {
  /** Epoch milliseconds. Until the first answer of Redis they are the machine's own. */
  now(): number;
  /** Asks Redis now. Rejects as the client does; the clock then goes on with what it knows. */
  synchronize(): Promise<void>;
  stop(): void;
};

/** How often Redis is asked: a virtual machine that was suspended wakes with its monotonic clock behind. */
const ASK_EVERY_MS = 5_000;

/**
 * Between two answers, and while Redis is away, time is told by the monotonic clock.
 * Await `synchronize` before anything hangs on the time.
 */
export function createStoreClock(redis: Redis): StoreClock {
  let offset: number | undefined;

  async function synchronize(): Promise<void> {
    const sentAt = performance.now();
    const storeMs = await readStoreTime(redis);
    offset = correctOffset(offset, { sentAt, receivedAt: performance.now(), storeMs });
  }

  const rounds = every(ASK_EVERY_MS, synchronize);
  // After a failover it is another server with a clock of its own. A cluster's client tells of it so.
  redis.on('ready', askQuietly);
  redis.on('refresh', askQuietly);

  async function askQuietly(): Promise<void> {
    await synchronize().catch(() => {});
  }

  return {
    now: () => Math.round(offset === undefined ? Date.now() : performance.now() + offset),
    synchronize,
    stop() {
      rounds.stop();
      redis.off('ready', askQuietly);
      redis.off('refresh', askQuietly);
    },
  };
}

const readTimeScript = defineScript(SCRIPTS['redis/read-time']);

/** Of a Redis Cluster all ask the one master that has this key. */
const CLOCK = 'meterbridge:destinations';

/** Redis' time, epoch milliseconds. Throws as the client does. */
export async function readStoreTime(redis: Redis): Promise<number> {
  const time = await readTimeScript.run<[string, string]>(redis, { name: CLOCK }, {});
  return Number(time[0]) * 1_000 + Number(time[1]) / 1_000;
}

/** One answer of Redis: its time, and when it was asked and heard, by the monotonic clock. */
export type ClockReading = { sentAt: number; receivedAt: number; storeMs: number };

/**
 * What to add to the monotonic clock to have Redis' time. An answer proves no more than that Redis read its
 * clock between question and answer: what fits in there stays as it is, anything else goes to the nearer
 * edge. So a late answer, of a busy machine or after an outage, does no harm.
 */
export function correctOffset(
  before: number | undefined,
  { sentAt, receivedAt, storeMs }: ClockReading,
): number {
  const least = storeMs - receivedAt;
  const most = storeMs - sentAt;
  return Math.min(Math.max(before ?? least, least), most);
}
