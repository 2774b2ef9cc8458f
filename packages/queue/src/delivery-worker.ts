import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
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

/** How long a worker rests that cannot take a job although Redis answers. */
const REST_MS = 1_000;

/**
 * BullMQ asks again at once when Redis refuses to hand out a job: at its memory limit that was ten thousand
 * errors a second (measured), and a core of the machine.
 */
function takePatiently({ backend }: Worker): void {
  const take = backend.moveToActive.bind(backend);
  backend.moveToActive = async (...args) => {
    try {
      return await take(...args);
    } catch (error) {
      if (isRefusal(error)) await sleep(REST_MS);
      throw error;
    }
  };
}

/** Redis answered, and said no; a lost connection BullMQ waits for by itself. */
function isRefusal(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError';
}

const POISON: Outcome = {
  outcome: 'failed',
  code: 'poison',
  detail: 'its worker died each time it was tried alone',
};

function readPortion(data: BatchData, size: number): StoredDelivery[] {
  const deliveries = decodeBatch(data);
  return size < deliveries.length ? deliveries.slice(0, size) : deliveries;
}

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
    autorun: false,
  });
  takePatiently(worker);
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
    try {
      if (delayMs === 0) await job.moveToWait(token);
      else await job.moveToDelayed(Date.now() + delayMs, token);
    } catch (error) {
      // Redis refused it for a moment. The job stays in hand until its lock runs out, and is taken again;
      // with any other error BullMQ would put it among the failed ones, where nobody takes it.
      options.onProblem?.('job_failed', error as Error);
    }
    throw delayMs === 0 ? new WaitingError() : new DelayedError();
  }

  /** Resolves to the delay of what remains, or -1 when nothing does or the job is no longer ours. */
  async function runPortions(job: Job<BatchData>): Promise<number> {
    let data = job.data;
    while (data.n > 0) {
      const step = isolate(data.isolation, job.stalledCounter, data.n, Date.now());
      if (step.isolate === 'poison' || (step.isolate === 'try' && step.isolation !== data.isolation)) {
        // Written before the next try: should it crash again, the next worker knows what was tried.
        const written = await settle(step.isolate === 'poison' ? [POISON] : [], step.isolation);
        if (!written) return -1;
        if (step.isolate === 'poison') continue;
      }
      const size = step.isolate === 'try' ? step.isolation.trying : data.n;
      const outcomes = await options.attempt(readPortion(data, size));
      const settlement = await settle(outcomes, data.isolation && afterPortion(data.isolation, Date.now()));
      if (!settlement) return -1;
      const isUnfinished = outcomes.some(({ outcome }) => outcome === 'failed' || outcome === 'unsent');
      if (isUnfinished && data.n > 0) return settlement.delayMs;
    }
    return -1;

    /** Null when the job is another worker's, or done. */
    async function settle(outcomes: Outcome[], isolation: Isolation | undefined): Promise<Settlement | null> {
      const settlement = settleOutcomes(data, outcomes);
      const written = await writeSettlement(options.redis, keys, {
        jobId: job.id!,
        rev: data.rev,
        by: randomUUID(),
        settlement,
        ...(isolation ? { isolation } : {}),
      });
      if (written.result !== 'settled') return null;
      data = written.data;
      options.onSettled?.(settlement, job.id!);
      return settlement;
    }
  }

  /**
   * The deliveries are read again only where one of them is needed: held while the API is slow, they would
   * keep the garbage collector busy with what is nearly always thrown away (measured).
   */
  function settleOutcomes(data: BatchData, outcomes: Outcome[]): Settlement {
    const isWhole = outcomes.length === data.n;
    const delivered = outcomes.filter(({ outcome }) => outcome === 'delivered').length;
    if (isWhole && delivered === data.n) {
      const byCell = { delivered: data.cells ?? {}, duplicate: {} };
      return { delivered, duplicate: 0, byCell, dead: [], remainder: [], delayMs: 0 };
    }
    return settleBatch(decodeBatch(data), outcomes, options.policy, Date.now(), Math.random);
  }

  worker.run().catch((error: Error) => options.onProblem?.('worker_error', error));
  return { close: () => worker.close() };
}
