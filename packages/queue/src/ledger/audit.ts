import { type BucketCounts, splitBucket } from '@meterbridge/delivery';
import type { Redis } from 'ioredis';
import { queueKeys } from '../keys/keys.js';
import { shardsOf } from '../state/shards.js';
import { countJobs, type JobCount } from './count-jobs.js';
import { addCounts, type Balance, balance, readCounts } from './ledger.js';

/** What became of what one source brought to one destination in one hour. */
export type AuditLine = Balance & {
  destination: string;
  /**
   * The hour of acceptance, in hours since 1970. Null, as the source is, for what the totals have and no hour does:
   * hours that were settled long ago and are forgotten.
   */
  hour: number | null;
  source: string | null;
};

type Counts = Record<string, number>;

/** What one look finds: the totals, the hours, and the jobs' deliveries. */
export type AuditLook = {
  /** `accepted`, … */
  ledger: Counts;
  /** Dead letters in their stream. */
  letters: number;
  /** `<hour>/<source>/accepted`, … */
  hours: Counts;
  /** Deliveries in all jobs. */
  inFlight: number;
  /** Jobs by the text of their buckets: most say the same. */
  jobs: [buckets: string, jobs: number][];
};

/**
 * A destination's account by hour and source, oldest first, each shard's of one moment. The lines add up to what
 * `readAccount` says, and each has a difference of its own: two mistakes that cancel out in the total do not do
 * so here. A line of one shard that does not add up stands by itself, under the name of the shard.
 */
export async function readAudit(destination: string, redis: Redis): Promise<AuditLine[]> {
  return (await readAuditTimes(destination, redis)).lines;
}

/** When the oldest and the youngest job in flight were added, by the clocks of those who did; null where there is none. */
export type JobTimes = Pick<JobCount, 'oldestJobAt' | 'newestJobAt'>;

/** The same, with the times of the jobs of the same moment. */
export async function readAuditTimes(
  destination: string,
  redis: Redis,
): Promise<JobTimes & { lines: AuditLine[] }> {
  const shards = await shardsOf(destination, redis);
  const looks = await Promise.all(shards.map((shard) => readShardAudit(shard, redis)));
  const oldest = looks.flatMap(({ oldestJobAt }) => oldestJobAt ?? []);
  const newest = looks.flatMap(({ newestJobAt }) => newestJobAt ?? []);
  const lines = looks.flatMap((look) => look.lines);
  return {
    lines: mergeShards(destination, lines),
    oldestJobAt: oldest.length === 0 ? null : Math.min(...oldest),
    newestJobAt: newest.length === 0 ? null : Math.max(...newest),
  };
}

async function readShardAudit(shard: string, redis: Redis): Promise<JobTimes & { lines: AuditLine[] }> {
  const look = await countJobs(queueKeys(shard), redis, { withHours: true });
  const lines = auditLines({
    ledger: readCounts(look.ledger),
    hours: readCounts(look.hours),
    letters: look.letters,
    inFlight: look.inFlight,
    jobs: [...look.buckets],
  }).map((line) => ({ destination: shard, ...line }));
  return { lines, oldestJobAt: look.oldestJobAt, newestJobAt: look.newestJobAt };
}

/** Pure. What adds up is one line of the destination, whichever shard has it. */
export function mergeShards(destination: string, lines: readonly AuditLine[]): AuditLine[] {
  const merged = new Map<string, AuditLine>();
  for (const line of lines) {
    const { hour, source } = line;
    const name = line.difference === 0 ? destination : line.destination;
    const key = JSON.stringify([hour, source, line.difference === 0, name]);
    const known = merged.get(key);
    merged.set(key, { ...(known ? addCounts(known, line) : line), hour, destination: name });
  }
  return [...merged.values()].toSorted(byHourAndSource);
}

/** Pure. Lines in which nothing was ever counted, or nothing is left, are left out. */
export function auditLines({
  ledger,
  hours,
  letters,
  inFlight,
  jobs,
}: AuditLook): Omit<AuditLine, 'destination'>[] {
  const buckets = new Map<string, Counts>();
  const rest: Counts = { ...ledger, dead: letters, inFlight };
  const add = (bucket: string, name: string, count: number) => {
    const counts = buckets.get(bucket) ?? {};
    buckets.set(bucket, counts);
    counts[name] = (counts[name] ?? 0) + count;
    rest[name] = (rest[name] ?? 0) - count;
  };
  for (const [field, count] of Object.entries(hours)) {
    const end = field.lastIndexOf('/');
    add(field.slice(0, end), field.slice(end + 1), count);
  }
  for (const [text, count] of jobs) {
    for (const [bucket, deliveries] of Object.entries(JSON.parse(text) as BucketCounts)) {
      add(bucket, 'inFlight', deliveries * count);
    }
  }
  const lines = [...buckets].map(([bucket, counts]) => ({ ...splitBucket(bucket), ...balance(counts) }));
  return [{ hour: null, source: null, ...balance(rest) }, ...lines.toSorted(byHourAndSource)].filter(
    saysSomething,
  );
}

type Cell = Pick<AuditLine, 'hour' | 'source'>;

function byHourAndSource(one: Cell, other: Cell): number {
  return (one.hour ?? -1) - (other.hour ?? -1) || ((one.source ?? '') < (other.source ?? '') ? -1 : 1);
}

function saysSomething(line: Balance): boolean {
  const { accepted, delivered, duplicate, filtered, dead, discarded, inFlight } = line;
  return [accepted, delivered, duplicate, filtered, dead, discarded, inFlight].some((count) => count !== 0);
}
