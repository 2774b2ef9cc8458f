import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { QueueKeys } from '../keys/keys.js';
import { isOutOfMemory } from '../redis/errors.js';
import { defineScript } from '../redis/script.js';
import { SCRIPTS } from '../scripts.generated.js';

/** What one moment of a destination holds. */
export type JobCount = {
  /** The ledger and, where they are asked for, the hours, as Redis gives hashes: field, count, … */
  ledger: string[];
  hours: string[];
  /** Dead letters in their stream. */
  letters: number;
  jobs: JobsByState;
  /** Deliveries in all jobs. */
  inFlight: number;
  /** When the oldest job was added, epoch milliseconds; null where there is none. */
  oldestJobAt: number | null;
  /** The same of the youngest. Times are by the clock of whoever added a job. */
  newestJobAt: number | null;
  /** Jobs by the text of their buckets: most say the same. */
  buckets: Map<string, number>;
};

/** Jobs that wait to be taken, are in hand, or are put back for later. */
export type JobsByState = { waiting: number; active: number; delayed: number; failed: number };

/** So many jobs are counted without letting others in between: about 3 ms of Redis. */
const AT_ONCE = 1_000;
/** How often is asked whether another's count is over. */
const TURN_MS = 50;

/** Where BullMQ keeps the ids of its jobs, and what that says of them. */
const PARTS: [part: string, kind: 'list' | 'set', state: keyof JobsByState][] = [
  ['wait', 'list', 'waiting'],
  ['active', 'list', 'active'],
  ['paused', 'list', 'waiting'],
  ['prioritized', 'set', 'waiting'],
  ['delayed', 'set', 'delayed'],
  ['failed', 'set', 'failed'],
];

const beginScript = defineScript(SCRIPTS['ledger/begin-count']);
const portionScript = defineScript(SCRIPTS['ledger/count-portion']);
const endScript = defineScript(SCRIPTS['ledger/end-count']);

type Counted = [inFlight: number, oldest: number, buckets: (string | number)[], newest: number];
type Look = [ledger: string[], hours: string[], letters: number, lengths: number[]];

/**
 * Counts a destination's jobs, together with all that is written of it, as they are at one moment, so that every
 * sum holds under load too. However many there are, nobody else waits for Redis longer than some milliseconds.
 */
export async function countJobs(
  keys: QueueKeys,
  redis: Redis,
  { withHours }: { withHours: boolean },
): Promise<JobCount> {
  for (;;) {
    const token = randomUUID();
    const [state, look, counted] = await begin(keys, redis, token, withHours);
    if (state === 'counted') return add(look, [counted]);
    if (state === 'busy') {
      await sleep(TURN_MS);
      continue;
    }
    try {
      const portions = await countPortions(keys, redis, token, look);
      if (portions) return add(look, portions);
    } finally {
      await endScript
        .run(redis, { counting: keys.counting }, { token, parts: JSON.stringify(PARTS) })
        .catch(() => {});
    }
  }
}

type Begun = ['counted', Look, Counted] | ['begun', Look, undefined] | ['busy', Look, undefined];

async function begin(keys: QueueKeys, redis: Redis, token: string, withHours: boolean): Promise<Begun> {
  const { ledger, hours, deadLetters, counting } = keys;
  const prefix = keys.bull('');
  const parts = JSON.stringify(PARTS);
  const run = (atOnce: number) =>
    beginScript.run<Begun>(
      redis,
      { ledger, hours, deadLetters, counting },
      { prefix, token, atOnce, parts, withHours: withHours ? 1 : 0 },
    );
  try {
    return await run(AT_ONCE);
  } catch (error) {
    // Redis is full and keeps no ids. Nothing else moves then, either.
    if (isOutOfMemory(error)) return run(Number.MAX_SAFE_INTEGER);
    throw error;
  }
}

/** Null where the count was lost: Redis was away, or this process stood still, for longer than it is held. */
async function countPortions(
  keys: QueueKeys,
  redis: Redis,
  token: string,
  [, , , lengths]: Look,
): Promise<Counted[] | null> {
  const portions: Counted[] = [];
  for (const [index, [part, kind]] of PARTS.entries()) {
    for (let from = 0; from < lengths[index]!; from += AT_ONCE) {
      const began = performance.now();
      const portion = await portionScript.run<Counted | null>(
        redis,
        { counting: keys.counting, copy: `${keys.counting}:${part}` },
        { prefix: keys.bull(''), token, kind, from, to: from + AT_ONCE - 1, parts: JSON.stringify(PARTS) },
      );
      if (!portion) return null;
      portions.push(portion);
      // Half of the time is everybody else's.
      await sleep(performance.now() - began);
    }
  }
  return portions;
}

function add([ledger, hours, letters, lengths]: Look, portions: Counted[]): JobCount {
  const jobs: JobsByState = { waiting: 0, active: 0, delayed: 0, failed: 0 };
  for (const [index, [, , state]] of PARTS.entries()) jobs[state] += lengths[index]!;
  const buckets = new Map<string, number>();
  for (const [, , flat] of portions) {
    for (let i = 0; i < flat.length; i += 2) {
      const text = flat[i] as string;
      buckets.set(text, (buckets.get(text) ?? 0) + (flat[i + 1] as number));
    }
  }
  const times = portions.map(([, oldest]) => oldest).filter((at) => at >= 0);
  const newest = Math.max(-1, ...portions.map(([, , , at]) => at));
  return {
    ledger,
    hours,
    letters,
    jobs,
    inFlight: portions.reduce((sum, [inFlight]) => sum + inFlight, 0),
    oldestJobAt: times.length === 0 ? null : Math.min(...times),
    newestJobAt: newest < 0 ? null : newest,
    buckets,
  };
}
