import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  acquit,
  begin,
  breakOff,
  type Isolation,
  type IsolationStep,
  isolate,
  isPermanent,
  type Outcome,
  outlive,
  type Resolved,
  type RetryPolicy,
  type Settlement,
  type StoredDelivery,
  type Suspicion,
  settleBatch,
} from '@meterbridge/delivery';
import { DelayedError, type Job, WaitingError, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { type BatchData, decodeBatch } from './batch-codec.js';
import { createInTurn, type InTurn } from './in-turn.js';
import { DELIVERIES, queueKeys } from './keys.js';
import { writeSettlement } from './settle.js';

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
   * `first`: before all that waits to be sent, and apart from it.
   */
  attempt: (
    deliveries: StoredDelivery[],
    how: { first: boolean } | undefined,
    keep: KeepResolved,
  ) => Promise<Outcome[]>;
  /** Resolves when a request could leave at once, to what lets it go; to null while draining. */
  whenOpen: () => Promise<(() => void) | null>;
  /**
   * The turns of what is tried after a crash: one for all lanes of a process, so that a process that dies has
   * begun one of them at most.
   */
  inTurn: InTurn;
  /** The same for all shards of the destination; its own where left out. */
  inLane?: InTurn;
  onSettled?: (settlement: Settlement, jobId: string) => void;
  /** A bug or an unreadable job: nothing is lost, the job is tried again; somebody should look. */
  onProblem?: (code: 'job_failed' | 'worker_error' | 'stalled', error?: Error) => void;
  /**
   * How long a lock holds that is not renewed; default 10 seconds. A job of a vanished worker is taken by
   * another one and a half times as long after its last renewal, at the latest.
   */
  lockMs?: number;
};

/**
 * Writes into the job what was looked up for some of the deliveries that are tried, by their index: to be
 * waited for before any of those is sent. False where the job is another worker's by now.
 */
export type KeepResolved = (resolved: ReadonlyMap<number, Resolved>) => Promise<boolean>;

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
const LEAST_HANDS = 4;

/** Compressed in a millisecond or two. */
const MANY_DEAD = 50;

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

/**
 * After a look for stalled jobs that failed, BullMQ waits for five seconds, and nothing ends that: the process of a
 * worker that is closed meanwhile stays for so long. The next look comes soon enough.
 */
function lookPatiently(worker: Worker): void {
  const { backend } = worker;
  const look = backend.moveStalledJobsToWait.bind(backend);
  backend.moveStalledJobsToWait = async () => {
    try {
      return await look();
    } catch (error) {
      if (isRefusal(error)) worker.emit('error', error as Error);
      return [];
    }
  };
}

/** Redis answered, and said no; a lost connection BullMQ waits for by itself. */
function isRefusal(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError';
}

/** A trial that takes longer is not what kills: nobody waits for it any longer, and no crash is laid to it. */
const TRIAL_MS = 5_000;

/**
 * A process is believed that something died of being tried alone once it has lived for so long itself: longer
 * than it takes to see that an API hangs. One that is killed every few seconds proves nothing.
 */
const WITNESS_AFTER_MS = 20_000;

const POISON: Outcome = {
  outcome: 'failed',
  code: 'poison',
  detail: 'its worker died each time it was tried alone',
};

/** What to do with a job after one portion: a number puts it back for so many milliseconds. */
type Next = number | 'go on' | 'done';

/** What the job says of its crashes from now on, `after` being the deliveries that remain in it. */
type IsolationAfter = (after: number) => Isolation | undefined;

function afterTrial(outcomes: Outcome[], trial: Suspicion, before: number): IsolationAfter {
  const wasSent = outcomes.every(({ outcome }) => outcome !== 'unsent');
  return (after) => (wasSent ? acquit(trial, before, after) : breakOff(trial));
}

/** Undefined when `work` takes longer; it goes on. */
async function within<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  return Promise.race([work, tooLong]).finally(() => clearTimeout(timer));
}

function readPortion(data: BatchData, size: number): StoredDelivery[] {
  const deliveries = decodeBatch(data);
  return size < deliveries.length ? deliveries.slice(0, size) : deliveries;
}

/** Runs a destination's batch jobs: try, settle, and put back what is not done. */
export function startDeliveryWorker(options: DeliveryWorkerOptions): DeliveryWorker {
  const keys = queueKeys(options.destination);
  const lockMs = options.lockMs ?? LOCK_MS;
  /** The turns of this lane: only who is next here holds a slot and waits for the other lanes. */
  const inLane = options.inLane ?? createInTurn();
  let waiting = 0;
  let { concurrency } = options;
  const burials = createInTurn();
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
    removeOnComplete: { count: 0 },
    runRetryDelay: 500,
    drainDelay: 5,
    autorun: false,
  });
  takePatiently(worker);
  lookPatiently(worker);
  worker.on('error', (error) => options.onProblem?.('worker_error', error));
  worker.on('stalled', () => options.onProblem?.('stalled'));

  async function run(job: Job<BatchData>, token?: string): Promise<void> {
    // A job whose end Redis refuses for a moment is put back, and not among BullMQ's failed ones, where
    // nobody takes it.
    job.opts.attempts = Number.MAX_SAFE_INTEGER;
    let delayMs: number | 'done';
    try {
      delayMs = await runPortions(job);
    } catch (error) {
      options.onProblem?.('job_failed', error as Error);
      delayMs = BUG_DELAY_MS;
    }
    if (delayMs === 'done') return;
    try {
      if (delayMs === 0) await job.moveToWait(token);
      else await job.moveToDelayed(Date.now() + delayMs, token);
    } catch (error) {
      // Redis refused it for a moment. The job stays in hand until its lock runs out, and is taken again.
      options.onProblem?.('job_failed', error as Error);
    }
    throw delayMs === 0 ? new WaitingError() : new DelayedError();
  }

  /** Resolves to the delay of what remains; to `done` when nothing does or the job is no longer ours. */
  async function runPortions(job: Job<BatchData>): Promise<number | 'done'> {
    let data = job.data;
    /** What is written to the job is written one after the other: each raises the revision. */
    const inOrder = createInTurn();
    // Its deliveries could not be counted: ending it as an empty one would lose them without a word.
    if (typeof data.n !== 'number') throw new Error(`job ${job.id} cannot be read`);
    usualSize += (data.n - usualSize) / 8;
    setHands();
    while (data.n > 0) {
      const next = await take(isolate(data.isolation, job.stalledCounter, data.n));
      if (next !== 'go on') return next;
    }
    return 'done';

    async function take(step: IsolationStep): Promise<Next> {
      switch (step.isolate) {
        case 'no':
          return conclude(await options.attempt(decodeBatch(data), undefined, keep), () => data.isolation);
        case 'try':
          return tryApart(step.isolation);
        case 'poison':
          return (await settle([POISON], () => step.isolation)) ? 'go on' : 'done';
      }
    }

    /** One portion, in its turn. */
    async function tryApart(isolation: Suspicion): Promise<Next> {
      const tooYoungMs = Math.ceil(WITNESS_AFTER_MS - performance.now());
      if (isolation.trial.alone > 0 && tooYoungMs > 0) return tooYoungMs;
      keepHandsFree(1);
      const tried = await inLane(async () => {
        const letGo = await options.whenOpen();
        return letGo ? options.inTurn(() => tryNow(isolation, letGo)).finally(letGo) : 0;
      }).finally(() => keepHandsFree(-1));
      return typeof tried === 'object' ? tried.late : tried;
    }

    /** Its beginning is written before anything is touched: should it crash, the next worker knows of it. */
    async function tryNow(isolation: Suspicion, letGo: () => void): Promise<Next | { late: Promise<Next> }> {
      if (!(await settle([], () => begin(isolation)))) return 'done';
      try {
        const attempt = options.attempt(readPortion(data, isolation.trial.trying), { first: true }, keep);
        letGo();
        const outcomes = await within(TRIAL_MS, attempt);
        if (outcomes) return await conclude(outcomes, afterTrial(outcomes, isolation, data.n));
        const outlived = outlive(isolation);
        if (!(await settle([], () => outlived))) return 'done';
        return { late: attempt.then((late) => conclude(late, afterTrial(late, outlived, data.n))) };
      } catch (error) {
        await settle([], () => breakOff(isolation));
        throw error;
      }
    }

    async function conclude(outcomes: Outcome[], isolationAfter: IsolationAfter): Promise<Next> {
      const settlement = await settleApart(outcomes, () => settle(outcomes, isolationAfter));
      if (!settlement) return 'done';
      const isUnfinished = outcomes.some(({ outcome }) => outcome === 'failed' || outcome === 'unsent');
      return isUnfinished && data.n > 0 ? settlement.delayMs : 'go on';
    }

    /** Null when the job is another worker's, or done. */
    function settle(outcomes: Outcome[], isolationAfter: IsolationAfter): Promise<Settlement | null> {
      return inOrder(async () => {
        const settlement = settleOutcomes(data, outcomes);
        if (!(await write(settlement, isolationAfter(settlement.remainder.length)))) return null;
        if (outcomes.length > 0) options.onSettled?.(settlement, job.id!);
        return settlement;
      });
    }

    function keep(resolved: ReadonlyMap<number, Resolved>): Promise<boolean> {
      return inOrder(async () => {
        const deliveries = decodeBatch(data);
        for (const [index, found] of resolved) deliveries[index]!.resolved = found;
        return write(settleBatch(deliveries, [], options.policy, 0, Math.random), data.isolation);
      });
    }

    async function write(settlement: Settlement, isolation: Isolation | undefined): Promise<boolean> {
      const written = await writeSettlement(options.redis, keys, {
        jobId: job.id!,
        rev: data.rev,
        by: randomUUID(),
        settlement,
        ...(isolation ? { isolation } : {}),
      });
      if (written.result !== 'settled') return false;
      data = written.data;
      return true;
    }
  }

  /**
   * Many dead letters take long to compress. One job after the other has that done, and others are taken
   * meanwhile: what can be delivered does not wait for what cannot.
   */
  async function settleApart<T>(outcomes: Outcome[], settle: () => Promise<T>): Promise<T> {
    const dead = outcomes.filter((each) => each.outcome === 'failed' && isPermanent(each.code)).length;
    if (dead < MANY_DEAD) return settle();
    keepHandsFree(1);
    return burials(settle).finally(() => keepHandsFree(-1));
  }

  function setHands(): void {
    const enough = Math.max(LEAST_HANDS, Math.ceil(options.deliveries / usualSize));
    worker.concurrency = Math.min(concurrency, enough) + Math.min(waiting, concurrency);
  }

  /** Who waits for a turn keeps nobody from being taken: for each, one more is in hand, up to twice as many. */
  function keepHandsFree(more: 1 | -1): void {
    waiting += more;
    setHands();
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
