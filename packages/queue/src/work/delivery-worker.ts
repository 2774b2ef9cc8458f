import { isPermanent, type Outcome, type RetryPolicy, type Settlement } from '@meterbridge/delivery';
import { type Job, WaitingError, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { BatchData } from '../batch/batch-codec.js';
import { type Afterwards, patchWorker } from '../bullmq/worker-patches.js';
import { DELIVERIES, queueKeys } from '../keys/keys.js';
import { BooksRefusedError } from '../redis/errors.js';
import type { Replication } from '../redis/replication.js';
import { type JobEnd, JobRun, type JobRunContext, type Refused } from './job-run.js';
import { createMutex, type Mutex } from './mutex.js';

export type DeliveryWorkerOptions = {
  /** A destination, or one of its shards. */
  destination: string;
  /** A consumer connection of its own (`connectConsumer`); the worker opens a second one for blocking reads. */
  redis: Redis;
  /** Batch jobs in hand at once, at most: what coalescing can fill requests from. */
  concurrency: number;
  /** So many deliveries in hand are enough: where jobs are large, fewer of them are taken. */
  deliveries: number;
  policy: RetryPolicy;
  /**
   * Tries every delivery once: one outcome each, in order. Never rejects for a delivery's sake.
   */
  attempt: JobRunContext['attempt'];
  review?: JobRunContext['review'];
  /** Resolves when a request could leave at once, to what lets it go; to null while draining. */
  whenOpen: () => Promise<(() => void) | null>;
  /**
   * The turns of what is tried after a crash: one for all lanes of a process, so that a process that dies has
   * begun one of them at most.
   */
  inTurn: Mutex;
  /** The same for all shards of the destination; its own where left out. */
  inLane?: Mutex;
  /** The version of the rules of now: see `JobRunContext`. */
  rules?: string;
  /** Waits until replicas have what must be known later; left out where none is waited for. */
  replication?: Replication;
  onSettled?: (settlement: Settlement, jobId: string) => void;
  /**
   * A settlement was not written: another hand has gone on with the job (`stale`) or it is not there (`gone`). The
   * job is let go of. It cannot be without a lock that ran out, or another server.
   */
  onRefused?: (refused: Refused & { hand: string }) => void;
  /**
   * A bug or an unreadable job, or (`books_refused`) a settlement after which the books would not add up: nothing is
   * lost, the job is tried again; a person should look.
   */
  onProblem?: (code: 'job_failed' | 'books_refused' | 'worker_error' | 'stalled', error?: Error) => void;
  /**
   * How long a lock holds that is not renewed; default 10 seconds. A job of a vanished worker is taken by
   * another one and a half times as long after its last renewal, at the latest.
   */
  lockMs?: number;
};

export type DeliveryWorker = {
  /** Batch jobs in hand at once from now on. */
  setConcurrency(jobs: number): void;
  /** Takes no new jobs; resolves when those in hand are settled and back in Redis. */
  close(): Promise<void>;
};

/**
 * Renewed at the latest after half of it; a worker's event loop stood still for one second at most under full
 * load (measured). A longer silence of a worker, or of Redis, looks like a crash.
 */
const LOCK_MS = 10_000;

/** While one job is settled and the next one taken, there is something to send. */
const MIN_JOBS_IN_HAND = 4;

/** Compressed in a millisecond or two. */
const MANY_DEAD = 50;

/** A job that met a bug is tried again after this long, not dropped and not in a tight circle. */
const BUG_DELAY_MS = 15_000;

/**
 * The same where the books refuse its settlement. It has been sent by then, and is sent again under the same keys with
 * each try, which no try mends: only a person does.
 */
const REFUSED_DELAY_MS = 5 * 60_000;

/** BullMQ's codes for a job that is not in this hand: gone, without a lock, elsewhere, in another hand. */
const NOT_IN_HAND = [-1, -2, -3, -6];

/** Runs a destination's batch jobs: try, settle, and put back what is not done. */
export function startDeliveryWorker(options: DeliveryWorkerOptions): DeliveryWorker {
  const keys = queueKeys(options.destination);
  const lockMs = options.lockMs ?? LOCK_MS;
  /** The turns of this lane: only who is next here holds a slot and waits for the other lanes. */
  const inLane = options.inLane ?? createMutex();
  let waiting = 0;
  let { concurrency } = options;
  const deadLetterWrites = createMutex();
  /** Deliveries of a job, as of late; a guess at first. */
  let usualSize = 100;

  const worker = new Worker<BatchData>(DELIVERIES, run, {
    connection: options.redis,
    prefix: keys.prefix,
    concurrency,
    lockDuration: lockMs,
    stalledInterval: Math.round(lockMs / 2),
    // A crash never sends a job to `failed`: it would take its innocent neighbours along. `isolate` decides.
    maxStalledCount: Number.MAX_SAFE_INTEGER,
    runRetryDelay: 500,
    drainDelay: 5,
    autorun: false,
  });
  const afterwards: Afterwards = new WeakMap();
  patchWorker(worker, afterwards);
  worker.on('error', (error) => options.onProblem?.('worker_error', error));
  worker.on('stalled', () => options.onProblem?.('stalled'));

  const context = {
    redis: options.redis,
    keys,
    policy: options.policy,
    attempt: options.attempt,
    inTrial,
    settleApart,
    ...(options.rules === undefined ? {} : { rules: options.rules }),
    ...(options.review ? { review: options.review } : {}),
    ...(options.replication ? { replication: options.replication } : {}),
    ...(options.onSettled ? { onSettled: options.onSettled } : {}),
  };

  /** Never returns: BullMQ would end the job. */
  async function run(job: Job<BatchData>, token = ''): Promise<never> {
    let end: JobEnd;
    try {
      const onRefused = (refused: Refused) => options.onRefused?.({ ...refused, hand: token });
      const { data, stalledCounter: stalls, attemptsStarted: turn } = job;
      const inHand = new JobRun({ ...context, onRefused }, { id: job.id!, data, stalls, turn, token });
      usualSize += (data.n - usualSize) / 8;
      setHands();
      end = await inHand.toItsEnd();
    } catch (error) {
      const isRefused = error instanceof BooksRefusedError;
      options.onProblem?.(isRefused ? 'books_refused' : 'job_failed', error as Error);
      end = isRefused ? REFUSED_DELAY_MS : BUG_DELAY_MS;
    }
    const delayMs = end;
    if (delayMs !== 'ended') afterwards.set(job, () => putBack(job, token, delayMs));
    throw new WaitingError();
  }

  /** Only what is in this hand still: BullMQ refuses anything else by the lock's token. */
  async function putBack(job: Job<BatchData>, token: string, delayMs: number): Promise<void> {
    try {
      if (delayMs === 0) await job.moveToWait(token);
      else await job.moveToDelayed(Date.now() + delayMs, token);
    } catch (error) {
      if (NOT_IN_HAND.includes((error as { code?: number }).code ?? 0)) return;
      // Redis refused it for a moment. The job stays in hand until its lock runs out, and is taken again.
      options.onProblem?.('job_failed', error as Error);
    }
  }

  async function inTrial<T>(trial: (letGo: () => void) => Promise<T>): Promise<T | 0> {
    keepHandsFree(1);
    return inLane(async () => {
      const letGo = await options.whenOpen();
      return letGo ? options.inTurn(() => trial(letGo)).finally(letGo) : 0;
    }).finally(() => keepHandsFree(-1));
  }

  /**
   * Many dead letters take long to compress. One job after the other has that done, and others are taken
   * meanwhile: what can be delivered does not wait for what cannot.
   */
  async function settleApart<T>(outcomes: Outcome[], settle: () => Promise<T>): Promise<T> {
    const dead = outcomes.filter((each) => each.outcome === 'failed' && isPermanent(each.code)).length;
    if (dead < MANY_DEAD) return settle();
    keepHandsFree(1);
    return deadLetterWrites(settle).finally(() => keepHandsFree(-1));
  }

  function setHands(): void {
    const enough = Math.max(MIN_JOBS_IN_HAND, Math.ceil(options.deliveries / usualSize));
    worker.concurrency = Math.min(concurrency, enough) + Math.min(waiting, concurrency);
  }

  /** Who waits for a turn keeps nobody from being taken: for each, one more is in hand, up to twice as many. */
  function keepHandsFree(more: 1 | -1): void {
    waiting += more;
    setHands();
  }

  setHands();
  worker.run().catch((error: Error) => options.onProblem?.('worker_error', error));
  return {
    setConcurrency(jobs) {
      concurrency = jobs;
      setHands();
    },
    close: () => worker.close(),
  };
}
