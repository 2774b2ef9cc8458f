import type { Redis } from 'ioredis';
import { queueKeys } from '../keys/keys.js';
import { defineScript } from '../redis/script.js';
import { SCRIPTS } from '../scripts.generated.js';
import { shardsOf } from '../state/shards.js';
import { countJobs, type JobsByState } from './count-jobs.js';

/**
 * What became of what was accepted, counted in deliveries, a filtered event as one.
 * Always: accepted = delivered + duplicate + filtered + dead + discarded + inFlight.
 */
export type Balance = {
  accepted: number;
  delivered: number;
  /** Of the delivered: those that the destination may never bill, since their time was billed before they came. */
  late: number;
  duplicate: number;
  /** Of the duplicates: those of which the API holds what an earlier version of their rule wrote. */
  olderRule: number;
  /** Of the duplicates: those that nobody could compare with what the API holds. */
  notCompared: number;
  filtered: number;
  /** Counted, for all hours together, from the dead letters themselves: a lost one shows. */
  dead: number;
  /** Dead letters that somebody took away for good. */
  discarded: number;
  /** Of the discarded: refused events that were counted, and never kept as dead letters. */
  notKept: number;
  /** Counted from the jobs themselves and not as a difference: a lost job shows. */
  inFlight: number;
  /** accepted minus all the others; anything but zero is a bug or a loss. */
  difference: number;
};

/** What became of everything a destination was given. */
export type Account = Balance & {
  destination: string;
  deadByReason: Record<string, number>;
  jobs: JobsByState;
  /** When the oldest job in flight was added, epoch milliseconds; null when nothing is in flight. */
  oldestJobAt: number | null;
};

/**
 * The account, with what is in flight counted from the jobs: for whoever wants to know whether it adds up. Takes
 * about 10 µs a job, half of that Redis' time, in portions of some milliseconds. Each shard is looked at in a
 * moment of its own; since each adds up by itself, so does the sum.
 */
export async function readAccount(destination: string, redis: Redis): Promise<Account> {
  const shards = await shardsOf(destination, redis);
  return addUp(await Promise.all(shards.map((shard) => readShardAccount(destination, shard, redis))));
}

async function readShardAccount(destination: string, shard: string, redis: Redis): Promise<Account> {
  const look = await countJobs(queueKeys(shard), redis, { withHours: false });
  const counts = readCounts(look.ledger);
  const { letters: dead, inFlight, jobs, oldestJobAt } = look;
  return {
    destination,
    ...balance({ ...counts, dead, inFlight }),
    deadByReason: byReason(counts),
    jobs,
    oldestJobAt,
  };
}

/** What the books say, with nothing counted again: by itself it always adds up. */
export type Counters = Omit<Account, 'difference'>;

const readCountersScript = defineScript(SCRIPTS['ledger/read-counters']);

/** For frequent looks: costs less than a millisecond of Redis a shard, however much waits. */
export async function readCounters(destination: string, redis: Redis): Promise<Counters> {
  const shards = await shardsOf(destination, redis);
  return addUp(await Promise.all(shards.map((shard) => readShardStanding(destination, shard, redis))));
}

async function readShardStanding(destination: string, shard: string, redis: Redis): Promise<Counters> {
  const keys = queueKeys(shard);
  const [ledger, letters, waiting, active, delayed, failed, oldest] = await readCountersScript.run<
    [string[], number, number, number, number, number, number]
  >(redis, { ledger: keys.ledger, deadLetters: keys.deadLetters }, { prefix: keys.bull('') });
  const counts = readCounts(ledger);
  const { difference: inFlight, ...settled } = balance({ ...counts, inFlight: 0 });
  return {
    destination,
    ...settled,
    dead: letters,
    inFlight,
    deadByReason: byReason(counts),
    jobs: { waiting, active, delayed, failed },
    oldestJobAt: oldest < 0 ? null : oldest,
  };
}

/** How many dead letters a destination has of each reason, without a look at them or at its jobs. */
export async function countDeadLetters(destination: string, redis: Redis): Promise<Record<string, number>> {
  const shards = await shardsOf(destination, redis);
  const ledgers = await Promise.all(shards.map((shard) => redis.hgetall(queueKeys(shard).ledger)));
  return ledgers.map((counts) => byReason(readCounts(Object.entries(counts).flat()))).reduce(addCounts);
}

/** What the shards of one destination come to. */
function addUp<Looked extends Counters>(shards: Looked[]): Looked {
  return shards.reduce((sum, each) =>
    Object.assign(addCounts(sum, each), {
      deadByReason: addCounts(sum.deadByReason, each.deadByReason),
      jobs: addCounts(sum.jobs, each.jobs),
      oldestJobAt: earliest(sum.oldestJobAt, each.oldestJobAt),
    }),
  );
}

function earliest(one: number | null, other: number | null): number | null {
  return one === null || other === null ? (one ?? other) : Math.min(one, other);
}

/** All fields that are numbers in either. */
export function addCounts<Counts extends object>(one: Counts, other: Counts): Counts {
  const sum = { ...one } as Record<string, unknown>;
  for (const [field, count] of Object.entries(other)) {
    if (typeof count === 'number') sum[field] = ((sum[field] as number | undefined) ?? 0) + count;
  }
  return sum as Counts;
}

function byReason(counts: Record<string, number>): Record<string, number> {
  const reasons = Object.entries(counts).filter(([field, count]) => field.startsWith('dead:') && count !== 0);
  return Object.fromEntries(reasons.map(([field, count]) => [field.slice('dead:'.length), count]));
}

/** A hash of numbers as Redis gives it: field, count, field, count, … */
export function readCounts(flat: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let i = 0; i < flat.length; i += 2) counts[flat[i]!] = Number(flat[i + 1]);
  return counts;
}

/** The difference to counts of which some may be absent, that is zero. */
export function balance(counts: Partial<Record<string, number>>): Balance {
  const { accepted = 0, delivered = 0, duplicate = 0, filtered = 0, dead = 0, discarded = 0 } = counts;
  const { inFlight = 0, late = 0, olderRule = 0, notCompared = 0, notKept = 0 } = counts;
  const difference = accepted - delivered - duplicate - filtered - dead - discarded - inFlight;
  return {
    accepted,
    delivered,
    late,
    duplicate,
    olderRule,
    notCompared,
    filtered,
    dead,
    discarded,
    notKept,
    inFlight,
    difference,
  };
}
