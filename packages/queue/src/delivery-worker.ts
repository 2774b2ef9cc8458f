import { randomUUID } from 'node:crypto';
import {
  afterPortion,
  type Isolation,
  isolate,
  type Outcome,
  type RetryPolicy,
  type Settlement,
  type StoredDelivery,
  settleBatch,
} from '@meterbridge/delivery';
import { DelayedError, type Job, WaitingError, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { type BatchData, decodeBatch } from './batch-codec.js';
import { DELIVERIES, queueKeys } from './keys.js';
import { writeSettlement } from './settle.js';

export type DeliveryWorkerOptions = {
  destination: string;
  /** A consumer connection of its own (`connectConsumer`); the worker opens a second one for blocking reads. */
  redis: Redis;
  /** Batch jobs in hand at once: what coalescing can fill requests from. */
  concurrency: number;
  policy: RetryPolicy;
  /** Tries every delivery once: one outcome each, in order. Never rejects for a delivery's sake. */
  attempt: (deliveries: StoredDelivery[]) => Promise<Outcome[]>;
  onSettled?: (settlement: Settlement, jobId: string) => void;
  /** A bug or an unreadable job: nothing is lost, the job is tried again; somebody should look. */
  onProblem?: (code: 'job_failed' | 'worker_error' | 'stalled', error?: Error) => void;
  /** How long a job of a vanished worker waits before another takes it. */
  lockMs?: number;
};

export type DeliveryWorker = {
  /** Takes no new jobs; resolves when those in hand are settled and back in Redis. */
  close(): Promise<void>;
};

/** A job that met a bug is tried again after this long, not dropped and not in a tight circle. */
const BUG_DELAY_MS = 15_000;

/** Runs a destination's batch jobs: try, settle, and put back what is not done. */
export function startDeliveryWorker(options: DeliveryWorkerOptions): DeliveryWorker {
  const keys = queueKeys(options.destination);
  const lockMs = options.lockMs ?? 30_000;

  const worker = new Worker<BatchData>(DELIVERIES, run, {
    connection: options.redis,
    prefix: keys.prefix,
    concurrency: options.concurrency,
    lockDuration: lockMs,
    stalledInterval: Math.round(lockMs / 2),
    // A crash never sends a job to `failed`: it would take its innocent neighbours along. `isolate` decides.
    maxStalledCount: Number.MAX_SAFE_INTEGER,
    removeOnComplete: { count: 0 },
    runRetryDelay: 500,
    drainDelay: 5,
  });
  worker.on('error', (error) => options.onProblem?.('worker_error', error));
  worker.on('stalled', () => options.onProblem?.('stalled'));

  async function run(job: Job<BatchData>, token?: string): Promise<void> {
    let delayMs: number;
    try {
      delayMs = await runPortions(job);
    } catch (error) {
      options.onProblem?.('job_failed', error as Error);
      delayMs = BUG_DELAY_MS;
    }
    if (delayMs < 0) return;
    if (delayMs === 0) {
      await job.moveToWait(token);
      throw new WaitingError();
    }
    await job.moveToDelayed(Date.now() + delayMs, token);
    throw new DelayedError();
  }

  /** Resolves to the delay of what remains, or -1 when nothing does or the job is no longer ours. */
  async function runPortions(job: Job<BatchData>): Promise<number> {
    let { rev, isolation } = job.data;
    let deliveries = decodeBatch(job.data);
    while (deliveries.length > 0) {
      const step = isolate(isolation, job.stalledCounter, deliveries.length);
      if (step.isolate !== 'no') {
        const changed = step.isolation !== isolation;
        isolation = step.isolation;
        if (step.isolate === 'poison' || changed) {
          const poison: Outcome[] =
            step.isolate === 'poison'
              ? [
                  {
                    outcome: 'failed',
                    code: 'poison',
                    detail: 'its worker died each time it was tried alone',
                  },
                ]
              : [];
          // Written before the next try: should it crash again, the next worker knows what was tried.
          const written = await settle(deliveries, poison, isolation);
          if (!written) return -1;
          deliveries = written.remainder;
          if (step.isolate === 'poison') continue;
        }
      }
      const portion = step.isolate === 'try' ? deliveries.slice(0, step.isolation.trying) : deliveries;
      const outcomes = await options.attempt(portion);
      if (isolation) isolation = afterPortion(isolation);
      const written = await settle(deliveries, outcomes, isolation);
      if (!written) return -1;
      deliveries = written.remainder;
      const unfinished = outcomes.some((each) => each.outcome === 'failed' || each.outcome === 'unsent');
      if (unfinished && deliveries.length > 0) return written.delayMs;
    }
    return -1;

    async function settle(
      tried: StoredDelivery[],
      outcomes: Outcome[],
      isolationNow: Isolation | undefined,
    ): Promise<Settlement | null> {
      const settlement = settleBatch(tried, outcomes, options.policy, Date.now(), Math.random);
      const written = await writeSettlement(options.redis, keys, {
        jobId: job.id!,
        rev,
        by: randomUUID(),
        settlement,
        ...(isolationNow ? { isolation: isolationNow } : {}),
      });
      rev = written.rev;
      if (written.result !== 'settled') return null;
      options.onSettled?.(settlement, job.id!);
      return settlement;
    }
  }

  return { close: () => worker.close() };
}
