import { randomUUID } from 'node:crypto';
import {
  emptySettlement,
  type Isolation,
  type IsolationStep,
  isolate,
  type Outcome,
  type Resolved,
  type RetryPolicy,
  type Settlement,
  type StoredDelivery,
  settleBatch,
  trialAborted,
  trialPassed,
  trialStarted,
  trialTimedOut,
  type UnderTrial,
} from '@meterbridge/delivery';
import type { RequestRef } from '@meterbridge/segment-events';
import type { Redis } from 'ioredis';
import { type BatchData, decodeBatch } from '../batch/batch-codec.js';
import { requestsOf } from '../batch/request-runs.js';
import type { QueueKeys } from '../keys/keys.js';
import type { ReceiptRoom } from '../receipts/receipt-entry.js';
import { StoreUnavailableError } from '../redis/errors.js';
import { NotReplicatedError, type Replication } from '../redis/replication.js';
import { createMutex, type Mutex } from './mutex.js';
import {
  type AttemptFacts,
  type SettleRequest,
  type SettleResult,
  takeTurnBack,
  writeSettlement,
} from './settle.js';

/** What the job processor has to do with a job: a number puts it back for so many milliseconds. */
export type JobEnd = number | 'ended';

/** What is next for a job after one portion. */
type Next = JobEnd | 'go on';

/** What was not written, and why: another hand or another server has the job. */
export type Refused = { jobId: string; result: Extract<SettleResult, 'stale' | 'gone'> };

/**
 * Writes into the job what was looked up for some of the deliveries that are tried, by their index, and resolves once
 * it would survive a failover: to be waited for before any of those is sent. Without any, it makes sure of what the
 * job says already. False where the job is in another hand by now.
 */
export type KeepResolved = (resolved: ReadonlyMap<number, Resolved>) => Promise<boolean>;

/** @param named the version that the job names @param rulesOf the names of its deliveries' rules */
export type ChooseRules = (named: string, rulesOf: () => Set<string>) => Promise<string>;

/** How a portion is tried. */
export type AttemptHow = {
  jobId: string;
  /** Before all that waits to be sent. */
  first?: boolean;
  /** The version of the rules that what was never sent is mapped by, where it is not that of now. */
  rules?: string;
};

/** How a settlement was written. */
export type SettlementWritten = {
  jobId: string;
  durationMs: number;
  /** Those that brought what was attempted, each once. */
  requests: () => RequestRef[];
};

/** The part of the worker that a run needs; the same for all of its jobs. */
export type JobRunContext = {
  redis: Redis;
  keys: QueueKeys;
  policy: RetryPolicy;
  attempt: (deliveries: StoredDelivery[], how: AttemptHow, keep: KeepResolved) => Promise<Outcome[]>;
  /**
   * What is made of an attempt's outcomes before they are settled, where that takes more than the outcomes: one each,
   * in order. `read` gives the deliveries, which nobody has held meanwhile. Never rejects for a delivery's sake.
   */
  review?: (outcomes: Outcome[], read: () => StoredDelivery[]) => Promise<Outcome[]>;
  /** Runs a trial in its turn, once a request could leave; 0 while draining. */
  inTrial: <T>(trial: (letGo: () => void) => Promise<T>) => Promise<T | 0>;
  /** Runs a settlement, others of many dead letters before it. */
  settleApart: <T>(outcomes: Outcome[], settle: () => Promise<T>) => Promise<T>;
  /**
   * The version of the rules of now, which what was never sent is mapped by. It stands in the job before anything of
   * it is sent; left out where nobody asks what was sent.
   */
  rules?: string;
  /**
   * The version that a job is mapped by which names another one than `rules`: its own, where it holds a rule that this
   * worker does not have yet. Asked once a turn; left out: `rules`.
   */
  chooseRules?: ChooseRules;
  /** Left out where nothing has to be on a replica before it is sent. */
  replication?: Replication;
  /** Left out where no receipts are kept. */
  receipts?: ReceiptRoom;
  onSettled?: (settlement: Settlement, written: SettlementWritten) => void;
  onRefused?: (refused: Refused) => void;
};

/** A trial that takes longer is not what kills: nobody waits for it any longer, and no crash is laid to it. */
const TRIAL_MS = 5_000;

/**
 * A process is believed that something died of being tried alone once it has lived for so long itself: longer
 * than it takes to see that an API hangs. One that is killed every few seconds proves nothing.
 */
const MIN_PROCESS_AGE_MS = 20_000;

/** A job that another hand has written to is read again after this long, not in a tight circle. */
const STALE_DELAY_MS = 1_000;
/** The same for one of which something has to be on replicas that are away. */
const AWAY_DELAY_MS = 1_000;

const POISON: Outcome = {
  outcome: 'failed',
  code: 'poison',
  detail: 'its worker died each time it was tried alone',
};

/** The job as it was taken. */
export type TakenJob = {
  id: string;
  data: BatchData;
  /** BullMQ's counter of crashes. */
  stalls: number;
  /** BullMQ's counter of starts: which turn at the job this is, from 1. */
  turn: number;
  /** Of this hand's lock. */
  token: string;
};

/** What is known of a turn once something is written in it: all that it sent, or that it may still send. */
type Turn = 'known' | 'open';

/** What the job says of its crashes from now on, `after` being the deliveries that remain in it. */
type IsolationAfter = (after: number) => Isolation | undefined;

function waitMsOf(outcome: Outcome): number {
  return outcome.outcome === 'unsent' ? (outcome.waitMs ?? 0) : 0;
}

function afterTrial(outcomes: Outcome[], trial: UnderTrial, before: number): IsolationAfter {
  const wasSent = outcomes.every(({ outcome }) => outcome !== 'unsent');
  return (after) => (wasSent ? trialPassed(trial, before, after) : trialAborted(trial));
}

function spanOf(deliveries: readonly StoredDelivery[]): AttemptFacts['span'] {
  let { timestamp: from } = deliveries[0]!.event;
  let to = from;
  for (const { event } of deliveries) {
    if (event.timestamp < from) from = event.timestamp;
    else if (event.timestamp > to) to = event.timestamp;
  }
  return { from, to };
}

/** Undefined when `work` takes longer; it goes on. */
async function within<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  return Promise.race([work, tooLong]).finally(() => clearTimeout(timer));
}

/**
 * One hand's turn at one job: portion by portion it tries what the job holds and settles it. The job ends in the
 * settlement that leaves nothing of it, or not at all: a turn that finds another hand's writing lets go.
 */
export class JobRun {
  private readonly context: JobRunContext;
  private readonly job: TakenJob;
  private data: BatchData;
  /** What is written to the job is written one after the other: each makes a new revision. */
  private readonly inOrder: Mutex = createMutex();
  /** Once something was refused nothing more is written: what this turn knows of the job is not so any more. */
  private refused: Refused['result'] | undefined;
  private hasEnded = false;
  /** What the job says of look-ups is on the replicas, as far as this turn has read or written it. */
  private isReplicated = false;
  /** An earlier turn has left no word of what it sent: whatever is not said to have been sent counts as sent. */
  private isInDoubt: boolean;
  /** The times of the events that were tried last. */
  private span: AttemptFacts['span'];
  /** The version that this turn maps by what was never sent, where that is not the worker's own. */
  private chosen: string | undefined;

  /** @throws Error for a job that cannot be read */
  constructor(context: JobRunContext, job: TakenJob) {
    this.context = context;
    this.job = job;
    this.data = job.data;
    this.isInDoubt = job.turn > (job.data.turns ?? 0) + 1;
    // Its deliveries could not be counted: ending it as an empty one would lose them without a word.
    if (typeof job.data.n !== 'number') throw new Error(`job ${job.id} cannot be read`);
  }

  /** Resolves to the delay of what remains, or of a job that is to be read again; to `ended` when it is gone. */
  async toItsEnd(): Promise<JobEnd> {
    try {
      return await this.goOn();
    } catch (error) {
      // What has to be on the replicas before anything is sent is not: soon, perhaps.
      if (error instanceof NotReplicatedError || error instanceof StoreUnavailableError) return AWAY_DELAY_MS;
      throw error;
    }
  }

  private async goOn(): Promise<JobEnd> {
    await this.chooseRules();
    while (this.data.n > 0) {
      const next = await this.apply(isolate(this.data.isolation, this.job.stalls, this.data.n));
      if (next !== 'go on') return next;
    }
    // A hand that had lost the job has settled the last of it.
    if (!this.hasEnded && !this.refused) await this.settle([], () => undefined, 'known');
    return this.end();
  }

  /** Where nothing more of it is this turn's to do. */
  private end(): JobEnd {
    if (this.hasEnded || this.refused === 'gone') return 'ended';
    return this.refused ? STALE_DELAY_MS : 0;
  }

  private async apply(step: IsolationStep): Promise<Next> {
    switch (step.isolate) {
      case 'no':
        return this.tryAll();
      case 'try':
        return this.tryApart(step.isolation);
      case 'poison':
        return (await this.settle([POISON], () => step.isolation, 'known')) ? 'go on' : this.end();
    }
  }

  private async tryAll(): Promise<Next> {
    if (!(await this.sayRules())) return this.end();
    const outcomes = await this.attempt(this.read());
    if (outcomes.every(({ outcome }) => outcome === 'unsent')) return this.handBack(outcomes);
    return this.conclude(outcomes, () => this.data.isolation);
  }

  /** What is mapped that was never sent: of a replay by the rules of its plan. */
  private get rules(): string | undefined {
    return this.data.isPinned ? this.data.rules : (this.chosen ?? this.context.rules);
  }

  private async chooseRules(): Promise<void> {
    const { rules: own, chooseRules } = this.context;
    const { rules: named, isPinned } = this.data;
    if (!chooseRules || isPinned || named === undefined || named === own) return;
    this.chosen = await chooseRules(named, () => new Set(this.read().map(({ rule }) => rule)));
  }

  private attempt(deliveries: StoredDelivery[], { first = false } = {}): Promise<Outcome[]> {
    const { attempt, review } = this.context;
    const { rules } = this;
    if (this.context.receipts) this.span = spanOf(deliveries);
    const how = { jobId: this.job.id, first, rules: rules === this.context.rules ? undefined : rules };
    const outcomes = attempt(deliveries, how, this.keep);
    return review ? outcomes.then((each) => review(each, () => this.read())) : outcomes;
  }

  /** Nothing was sent, and nothing is written: a hand that has lost the job spoils no other's settlement. */
  private async handBack(outcomes: Outcome[]): Promise<Next> {
    const { redis, keys } = this.context;
    const { id: jobId, token, turn } = this.job;
    if (this.refused) return this.end();
    await takeTurnBack(redis, keys, { jobId, token, turn });
    return outcomes.reduce((least, each) => Math.min(least, waitMsOf(each)), Number.POSITIVE_INFINITY);
  }

  /** Before anything is sent under other rules than the job names, it names them. False where it is not ours. */
  private async sayRules(): Promise<boolean> {
    const { rules } = this;
    if (rules === undefined || rules === this.data.rules) return true;
    if (this.read().every(({ sentUnder }) => sentUnder !== undefined)) return true;
    return (await this.settle([], () => this.data.isolation, 'open')) !== null && (await this.replicate());
  }

  /** One portion, in its turn. */
  private async tryApart(isolation: UnderTrial): Promise<Next> {
    const tooYoungMs = Math.ceil(MIN_PROCESS_AGE_MS - performance.now());
    if (isolation.trial.alone > 0 && tooYoungMs > 0) return tooYoungMs;
    const tried = await this.context.inTrial((letGo) => this.tryNow(isolation, letGo));
    return typeof tried === 'object' ? tried.late : tried;
  }

  /** Its beginning is written before anything is touched: should it crash, the next worker knows of it. */
  private async tryNow(isolation: UnderTrial, letGo: () => void): Promise<Next | { late: Promise<Next> }> {
    const isOtherRules = this.rules !== this.data.rules;
    if (!(await this.settle([], () => trialStarted(isolation), 'open'))) return this.end();
    if (isOtherRules && !(await this.replicate())) return this.end();
    try {
      const portion = this.read().slice(0, isolation.trial.trying);
      const attempt = this.attempt(portion, { first: true });
      letGo();
      const outcomes = await within(TRIAL_MS, attempt);
      if (outcomes) return await this.conclude(outcomes, afterTrial(outcomes, isolation, this.data.n));
      const outlived = trialTimedOut(isolation);
      if (!(await this.settle([], () => outlived, 'open'))) return this.end();
      return { late: attempt.then((late) => this.conclude(late, afterTrial(late, outlived, this.data.n))) };
    } catch (error) {
      await this.settle([], () => trialAborted(isolation), 'open');
      throw error;
    }
  }

  private async conclude(outcomes: Outcome[], isolationAfter: IsolationAfter): Promise<Next> {
    const settlement = await this.context.settleApart(outcomes, () =>
      this.settle(outcomes, isolationAfter, 'known'),
    );
    if (!settlement) return this.end();
    const isUnfinished = outcomes.some(
      ({ outcome }) => outcome === 'failed' || outcome === 'suspected' || outcome === 'unsent',
    );
    return isUnfinished && this.data.n > 0 ? settlement.delayMs : 'go on';
  }

  /** Null when the job is in another hand, or gone. */
  private settle(
    outcomes: Outcome[],
    isolationAfter: IsolationAfter,
    turn: Turn,
  ): Promise<Settlement | null> {
    return this.inOrder(async () => {
      const settlement = this.settleOutcomes(outcomes);
      const { requests } = this.data;
      const since = performance.now();
      if (!(await this.write(settlement, isolationAfter(settlement.remainder.length), turn))) return null;
      if (outcomes.length === 0) return settlement;
      this.context.onSettled?.(settlement, {
        jobId: this.job.id,
        durationMs: performance.now() - since,
        requests: () => requestsOf(requests, outcomes.length),
      });
      return settlement;
    });
  }

  private readonly keep: KeepResolved = (resolved) =>
    this.inOrder(async () => {
      if (resolved.size > 0) {
        const deliveries = this.read();
        for (const [index, found] of resolved) deliveries[index]!.resolved = found;
        const kept = settleBatch(deliveries, [], this.context.policy, 0, Math.random);
        if (!(await this.write(kept, this.data.isolation, 'open'))) return false;
      } else if (this.isReplicated) return true;
      return this.replicate();
    });

  /** False where the server that is asked now does not have what this turn has read or written. */
  private async replicate(): Promise<boolean> {
    const { replication, keys } = this.context;
    const isThere = !replication || (await replication.confirm(keys.job(this.job.id), 'rev', this.data.rev));
    if (isThere) this.isReplicated = true;
    else this.refuse('stale');
    return isThere;
  }

  private async write(
    settlement: Settlement,
    isolation: Isolation | undefined,
    turn: Turn,
  ): Promise<boolean> {
    if (this.refused) return false;
    const { redis, keys } = this.context;
    const { rules = this.data.rules } = this;
    const notes = {
      isolation,
      rules,
      isPinned: this.data.isPinned,
      turns: this.job.turn - (turn === 'known' ? 0 : 1),
    };
    const request = {
      jobId: this.job.id,
      rev: this.data.rev,
      nextRev: randomUUID(),
      settlement,
      receipt: this.receipt(rules),
      notes,
    };
    const { result, data } = await writeSettlement(redis, keys, request);
    if (result === 'stale' || result === 'gone') {
      this.refuse(result);
      return false;
    }
    this.hasEnded = result === 'ended';
    this.data = data;
    // What was in doubt is in the job now.
    this.isInDoubt = false;
    return true;
  }

  private receipt(rules: string | undefined): SettleRequest['receipt'] {
    const { receipts } = this.context;
    if (!receipts) return undefined;
    // What is in doubt was sent, and is mapped, by the version that the job names.
    const sentBy = this.isInDoubt ? (this.data.rules ?? rules) : rules;
    return { ...receipts, rules: sentBy, span: this.span };
  }

  /** The deliveries of the job; what may have been sent says so. */
  private read(): StoredDelivery[] {
    const deliveries = decodeBatch(this.data);
    const { rules } = this.data;
    if (this.isInDoubt && rules !== undefined) {
      for (const delivery of deliveries) delivery.sentUnder ??= rules;
    }
    return deliveries;
  }

  private refuse(result: Refused['result']): void {
    this.refused = result;
    this.context.onRefused?.({ jobId: this.job.id, result });
  }

  /**
   * The deliveries are read again only where one of them is needed: held while the API is slow, they would
   * keep the garbage collector busy with what is nearly always thrown away (measured).
   */
  private settleOutcomes(outcomes: Outcome[]): Settlement {
    const { data } = this;
    const isWhole = outcomes.length === data.n;
    const delivered = outcomes.filter((each) => each.outcome === 'delivered' && !each.late).length;
    if (isWhole && delivered === data.n) {
      const settlement = emptySettlement();
      settlement.byBucket.delivered = data.cells;
      settlement.ended = { deliveries: 'all', outcomes: [['delivered', delivered]] };
      return { ...settlement, delivered };
    }
    const { policy } = this.context;
    return settleBatch(this.read(), outcomes, policy, Date.now(), Math.random, this.rules);
  }
}
