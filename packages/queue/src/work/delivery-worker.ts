import { isPermanent, newerFormat, type Outcome, type RetryPolicy } from '@meterbridge/delivery';
import { type Job, WaitingError, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { BatchData } from '../batch/batch-codec.js';
import { type Afterwards, patchWorker } from '../bullmq/worker-patches.js';
import { DELIVERIES, queueKeys } from '../keys/keys.js';
import { BooksRefusedError } from '../redis/errors.js';
import type { Replication } from '../redis/replication.js';
import { type JobEnd, JobRun, type JobRunContext, type Refused } from './job-run.js';
import { createMutex, type Mutex } from './mutex.js';
import { takeTurnBack } from './settle.js';

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
   * The turns of what is tried after a crash: one for all shards of a process, so that a process that dies has begun
   * one of them at most.
   */
  inTurn: Mutex;
  /** The same for all shards of the destination; its own where left out. */
  inLane?: Mutex;
  /** The version of the rules of now: see `JobRunContext`. */
  rules?: string;
  chooseRules?: JobRunContext['chooseRules'];
  /** Waits until replicas have what must be known later; left out where none is waited for. */
  replication?: Replication;
  receipts?: JobRunContext['receipts'];
  onSettled?: JobRunContext['onSettled'];
  /**
   * A settlement was not written: another hand has gone on with the job (`stale`) or it is not there (`gone`). The
   * job is let go of. It cannot be without a lock that ran out, or another server.
   */
  onRefused?: (refused: Refused & { hand: string }) => void;
  /** A job of a newer version was met, and put back as it is. */
  onNewer?: (newer: { jobId: string; format: number }) => void;
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

/**
 * Renewed at the latest after half of it; a worker's event loop stood still for one second at most under full
 * load (measured). A longer silence of a worker, or of Redis, looks like a crash.
 */
const LOCK_MS = 10_000;

/** Keeps the sender busy while one job settles and the next is fetched. */
const MIN_JOBS_IN_HAND = 4;

/** From this many dead letters on, jobs are settled one after the other. */
const MANY_DEAD = 50;

/** A job that met a bug is tried again after this long, not dropped and not in a tight circle. */
const BUG_DELAY_MS = 15_000;

/**
 * The same where the books refuse its settlement. It has been sent by then, and is sent again under the same keys with
 * each try, which no try mends: only a person does.
 */
const REFUSED_DELAY_MS = 5 * 60_000;

/** What is of a newer version comes back after this long, and each further one so much later: 50 a second. */
const NEWER_DELAY_MS = 15_000;
const NEWER_APART_MS = 20;
const NEWER_MAX_DELAY_MS = 5 * 60_000;

/** BullMQ's codes for a job that is not in this hand: gone, without a lock, elsewhere, in another hand. */
const NOT_IN_HAND = [-1, -2, -3, -6];

/** Runs a destination's batch jobs: try, settle, and put back what is not done. */
export class DeliveryWorker {
  private readonly options: DeliveryWorkerOptions;
  private readonly worker: Worker<BatchData>;
  private readonly context: JobRunContext;
  private readonly afterwards: Afterwards = new WeakMap();
  /** The turns of this shard's trials: only the next one holds a permit and waits for other shards. */
  private readonly inLane: Mutex;
  private readonly deadLetterWrites = createMutex();
  private concurrency: number;
  /** Jobs in hand that wait for a turn. */
  private waiting = 0;
  /** Deliveries of a job, as of late; a guess at first. */
  private usualSize = 100;
  /** When the last of those that are of a newer version comes back, epoch milliseconds. */
  private newerUntil = 0;

  /** Takes jobs from now on. */
  static start(options: DeliveryWorkerOptions): DeliveryWorker {
    const worker = new DeliveryWorker(options);
    worker.setHands();
    worker.worker.run().catch((error: Error) => options.onProblem?.('worker_error', error));
    return worker;
  }

  private constructor(options: DeliveryWorkerOptions) {
    const { destination, redis, concurrency, lockMs = LOCK_MS } = options;
    const keys = queueKeys(destination);
    this.options = options;
    this.concurrency = concurrency;
    this.inLane = options.inLane ?? createMutex();
    this.context = {
      redis,
      keys,
      policy: options.policy,
      attempt: options.attempt,
      review: options.review,
      inTrial: (trial) => this.inTrial(trial),
      settleApart: (outcomes, settle) => this.settleApart(outcomes, settle),
      rules: options.rules,
      chooseRules: options.chooseRules,
      receipts: options.receipts,
      replication: options.replication,
      onSettled: options.onSettled,
    };
    this.worker = new Worker<BatchData>(DELIVERIES, (job, token) => this.run(job, token), {
      connection: redis,
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
    patchWorker(this.worker, this.afterwards);
    this.worker.on('error', (error) => options.onProblem?.('worker_error', error));
    this.worker.on('stalled', () => options.onProblem?.('stalled'));
  }

  /** Batch jobs in hand at once from now on. */
  setConcurrency(jobs: number): void {
    this.concurrency = jobs;
    this.setHands();
  }

  /** Takes no new jobs; resolves when those in hand are settled and back in Redis. */
  close(): Promise<void> {
    return this.worker.close();
  }

  /** Never returns: BullMQ would end the job. */
  private async run(job: Job<BatchData>, token = ''): Promise<never> {
    const end = await this.runToItsEnd(job, token);
    if (end !== 'ended') this.afterwards.set(job, () => this.putBack(job, token, end));
    throw new WaitingError();
  }

  private async runToItsEnd(job: Job<BatchData>, token: string): Promise<JobEnd> {
    const { onRefused, onProblem } = this.options;
    try {
      const { data, stalledCounter: stalls, attemptsStarted: turn } = job;
      const newer = newerFormat('job', data.format);
      if (newer !== undefined) return await this.leaveToNewer(job, token, newer);
      const context = {
        ...this.context,
        onRefused: (refused: Refused) => onRefused?.({ ...refused, hand: token }),
      };
      const inHand = new JobRun(context, { id: job.id!, data, stalls, turn, token });
      this.usualSize += (data.n - this.usualSize) / 8;
      this.setHands();
      return await inHand.toItsEnd();
    } catch (error) {
      const isRefused = error instanceof BooksRefusedError;
      onProblem?.(isRefused ? 'books_refused' : 'job_failed', error as Error);
      return isRefused ? REFUSED_DELAY_MS : BUG_DELAY_MS;
    }
  }

  /** Nothing of it is read or written, and this turn at it counts as none. */
  private async leaveToNewer(job: Job<BatchData>, token: string, format: number): Promise<number> {
    const { redis, keys } = this.context;
    await takeTurnBack(redis, keys, { jobId: job.id!, token, turn: job.attemptsStarted });
    this.options.onNewer?.({ jobId: job.id!, format });
    const now = Date.now();
    this.newerUntil = delayNewer(now, this.newerUntil);
    return this.newerUntil - now;
  }

  /** Only what is in this hand still: BullMQ refuses anything else by the lock's token. */
  private async putBack(job: Job<BatchData>, token: string, delayMs: number): Promise<void> {
    try {
      if (delayMs === 0) await job.moveToWait(token);
      else await job.moveToDelayed(Date.now() + delayMs, token);
    } catch (error) {
      if (NOT_IN_HAND.includes((error as { code?: number }).code ?? 0)) return;
      // Redis refused it for a moment. The job stays in hand until its lock runs out, and is taken again.
      this.options.onProblem?.('job_failed', error as Error);
    }
  }

  private async inTrial<T>(trial: (letGo: () => void) => Promise<T>): Promise<T | 0> {
    const { whenOpen, inTurn } = this.options;
    this.keepHandsFree(1);
    return this.inLane(async () => {
      const letGo = await whenOpen();
      return letGo ? inTurn(() => trial(letGo)).finally(letGo) : 0;
    }).finally(() => this.keepHandsFree(-1));
  }

  /**
   * Many dead letters take long to compress. One job after the other has that done, and others are taken
   * meanwhile: what can be delivered does not wait for what cannot.
   */
  private async settleApart<T>(outcomes: Outcome[], settle: () => Promise<T>): Promise<T> {
    const dead = outcomes.filter((each) => each.outcome === 'failed' && isPermanent(each.code)).length;
    if (dead < MANY_DEAD) return settle();
    this.keepHandsFree(1);
    return this.deadLetterWrites(settle).finally(() => this.keepHandsFree(-1));
  }

  private setHands(): void {
    const { concurrency, waiting } = this;
    const enough = Math.max(MIN_JOBS_IN_HAND, Math.ceil(this.options.deliveries / this.usualSize));
    this.worker.concurrency = Math.min(concurrency, enough) + Math.min(waiting, concurrency);
  }

  /** For each job that waits for a turn one more is in hand, up to twice as many: it keeps no other from being taken. */
  private keepHandsFree(more: 1 | -1): void {
    this.waiting += more;
    this.setHands();
  }
}

/**
 * When the next job of a newer version comes back: however many there are, few of them keep a hand busy at a time, and
 * none is away for long once a newer worker has come.
 * @param last as it was given for the one before; epoch milliseconds, as `now`
 */
function delayNewer(now: number, last: number): number {
  return Math.min(now + NEWER_MAX_DELAY_MS, Math.max(now + NEWER_DELAY_MS, last + NEWER_APART_MS));
}
