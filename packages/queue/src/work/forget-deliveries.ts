import { randomUUID } from 'node:crypto';
import { afterRemoval, countByBucket, type StoredDelivery } from '@meterbridge/delivery';
import { mastersOf } from '@meterbridge/redis-connection';
import type { Redis } from 'ioredis';
import { type BatchData, decodeBatch, encodeDeliveries, FIRST_REV } from '../batch/batch-codec.js';
import type { OperatorAction } from '../dead-letters/dead-letter-log.js';
import { DELIVERIES, queueKeys } from '../keys/keys.js';
import { writeReplicated } from '../redis/replication.js';
import { defineScript } from '../redis/script.js';
import { SCRIPTS } from '../scripts.generated.js';

/** A job as it is in Redis, whoever has it. */
export type StoredJob = {
  shard: string;
  jobId: string;
  rev: string;
  data: BatchData;
  /** A worker has it. */
  isInHand: boolean;
};

/**
 * `forgotten`: it is written; `in hand`: a worker has the job; `stale`: the job holds something else by now; `gone`: it
 * has ended. Only where it was forgotten anything has changed.
 */
export type ForgetResult = 'forgotten' | 'in hand' | 'stale' | 'gone';

const forgetScript = defineScript(SCRIPTS['work/forget-deliveries']);

/** Keys that Redis looks at without letting others in between. */
const SCAN_COUNT = 500;

const JOB_KEY = new RegExp(`^meterbridge:\\{([^}]+)\\}:${DELIVERIES}:([^:]+)$`);

/**
 * Every job of every destination that is there from the beginning of the walk to its end, in whichever list it is
 * meanwhile; some of them twice. Of others some.
 */
export async function* walkJobs(redis: Redis): AsyncGenerator<StoredJob> {
  for (const server of mastersOf(redis)) {
    const pages = server.scanStream({
      match: `meterbridge:{*}:${DELIVERIES}:*`,
      type: 'hash',
      count: SCAN_COUNT,
    });
    for await (const keys of pages as AsyncIterable<string[]>) {
      for (const key of keys) {
        const [, shard, jobId] = JOB_KEY.exec(key) ?? [];
        const job = shard && jobId ? await readJob(redis, shard, jobId) : null;
        if (job) yield job;
      }
    }
  }
}

/** Null where there is no such job. */
export async function readJob(redis: Redis, shard: string, jobId: string): Promise<StoredJob | null> {
  const key = queueKeys(shard).job(jobId);
  const [[rev, data], isInHand] = await Promise.all([
    redis.hmget(key, 'rev', 'data'),
    redis.exists(`${key}:lock`),
  ]);
  // BullMQ keeps a hash of its own among the jobs.
  if (!data) return null;
  return {
    shard,
    jobId,
    rev: rev ?? FIRST_REV,
    data: JSON.parse(data) as BatchData,
    isInHand: isInHand === 1,
  };
}

/** The deliveries that a job holds. @throws Error for one that cannot be read */
export function deliveriesOf({ data }: StoredJob): StoredDelivery[] {
  return decodeBatch(data);
}

/**
 * Takes deliveries out of a job for good, unless a worker has it.
 * @param isForgotten of each delivery that the job holds
 * @param replicas have to have it
 * @throws BooksRefusedError where the job says other numbers than it holds; else as `writeReplicated`
 */
export async function forgetDeliveries(
  redis: Redis,
  job: StoredJob,
  isForgotten: (delivery: StoredDelivery) => boolean,
  run: OperatorAction,
  replicas = 0,
): Promise<ForgetResult> {
  const { shard, jobId, rev, data: before } = job;
  const { ledger, hours, counting, deadLetterLog: log, job: keyOf } = queueKeys(shard);
  const key = keyOf(jobId);
  const deliveries = deliveriesOf(job);
  const remainder = deliveries.filter((delivery) => !isForgotten(delivery));
  const nextRev = randomUUID();
  const { rules, isPinned, turns, isolation } = before;
  const data: BatchData = {
    ...encodeDeliveries(remainder, nextRev),
    rules,
    isPinned,
    turns,
    isolation: afterRemoval(isolation, remainder.length),
  };
  const given = {
    begun: JSON.stringify(run),
    rev,
    nextRev,
    data: JSON.stringify(data),
    remaining: data.n,
    cells: JSON.stringify(data.cells),
    forgotten: JSON.stringify(countByBucket(deliveries.filter(isForgotten))),
  };
  const keys = { job: key, lock: `${key}:lock`, ledger, hours, counting, log };
  return writeReplicated(redis, key, replicas, () => forgetScript.run<ForgetResult>(redis, keys, given));
}
