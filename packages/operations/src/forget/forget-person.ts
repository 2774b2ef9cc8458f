import { setTimeout as sleep } from 'node:timers/promises';
import {
  type AofRewrite,
  discardDeadLetters,
  forgetDeliveries,
  forgetLateOf,
  type LetterMark,
  listReplays,
  type OperatorAction,
  readJob,
  rewriteAppendOnlyFiles,
  rewriteLog,
  rewriteReplays,
  type StoredJob,
} from '@meterbridge/queue';
import type { Person, PersonIds } from '@meterbridge/segment-events';
import { beginAction } from '../dead-letters/operator-action.js';
import { countAtMost } from '../dead-letters/walk.js';
import { type DurableWriter, withWriter } from '../durable-writer.js';
import type { Operations } from '../open.js';
import type { ReplayWhat } from '../replay/run-replay.js';
import { isStopped, startCounting, type Work } from '../work.js';
import { cachesOf, jobsOf, lettersOf, readDeliveries } from './find-person.js';
import { type ForgottenReceipts, forgetReceipts } from './forget-receipts.js';
import { isRefused, refusePerson, untilReceiversKnow } from './refuse-person.js';
import { digestOf, personOf, withoutIds, withoutPerson } from './words.js';

/**
 * Why something of the person may be left: a worker has it still; a replay is open, and moves letters about; more of
 * them comes in all the time; a receiver has not said that it refuses them; an archivist has not said that the receipts
 * are done; the caller stopped it.
 */
export type Rest = 'in_hand' | 'replaying' | 'arriving' | 'receivers' | 'receipts' | 'stopped';

export type ForgetOptions = {
  /** Whether receivers keep later events of the person out, from before anything is taken. */
  refuseLater?: boolean;
  /** How long what a worker has in hand is waited for, a replay that is open, and receivers. */
  patienceMs?: number;
  /** What it is remembered by, where it was begun before and goes on. */
  run?: OperatorAction;
  /** Whether it is done once all is taken that was there when it began, whatever comes in meanwhile. */
  onlyWhatIsThere?: boolean;
  /** Whether Redis' files are written anew at its end; else the caller sees to it. */
  rewriteFiles?: boolean;
};

/** What was taken away. */
export type Forgotten = {
  /** What it is remembered by. */
  run: string;
  /** Of the person; undefined without a `privacyKey`. */
  digest: string | undefined;
  /** Whether later events of the person are refused: by this call, or by one before. */
  isRefused: boolean;
  letters: number;
  /** That waited in jobs. */
  deliveries: number;
  /** Deliveries that were told as late usage of the person. */
  lateUsage: number;
  subscriptions: number;
  /** Records that named the person. */
  records: number;
  /** Letters and jobs that cannot be read, and may hold the person. */
  unreadable: number;
  /** Null where there are none, or where it was too early to ask for them. */
  receipts: ForgottenReceipts | null;
  /** Null where all is done; the same call goes on with the rest. */
  rest: Rest | null;
  /** Of the person, from now on, what is on disk beside: each server's append-only file; empty without `rewriteFiles`. */
  aof: AofRewrite[];
};

/** What a worker has in hand, and a replay, are waited for so long. */
const PATIENCE_MS = 60_000;
/** How often is asked whether a worker has let go of a job. */
const TRY_EVERY_MS = 100;
/** Between two passes over all that is kept: half a second is others'. */
const PASS_EVERY_MS = 500;
/** Letters that leave at once: Redis does nothing else meanwhile. */
const PAGE = 500;

/**
 * Takes a person out of everything that is kept: jobs and dead letters by atomic steps that count each delivery as
 * discarded, then what names them beside. It goes over all of it until there was nothing to take and nothing moved. A
 * process that is killed leaves whole steps; the same call goes on. Who is to be refused later is so before anything is
 * taken: what a receiver had in hand until then is found, and nothing comes after it.
 * @throws OperationError (`not_certain`, `redis_full`, `redis_unreachable`; `not_possible` where the books refuse it, or
 *   `refuseLater` has no `privacyKey`)
 */
export async function forgetPerson(
  ops: Operations,
  ids: PersonIds,
  work: Work = {},
  options: ForgetOptions = {},
): Promise<Forgotten> {
  const { refuseLater = false, patienceMs = PATIENCE_MS, onlyWhatIsThere, rewriteFiles = true } = options;
  const digest = digestOf(ops, ids);
  return withWriter(ops.config, async (writer) => {
    if (refuseLater) await refusePerson(ops, ids, writer, options.run);
    const run = options.run ?? (await beginAction(ops, { what: 'forgotten', person: digest }));
    const pass = new ForgetPass(ops, writer, personOf(ops, ids), run, work);
    const deadline = performance.now() + patienceMs;
    const unaware = refuseLater ? await untilReceiversKnow(ops, deadline, work) : 0;
    const isDone = (rest: Rest | null) => rest === null || (rest === 'arriving' && onlyWhatIsThere);
    let rest = await pass.goOver(deadline);
    while (!isDone(rest) && rest !== 'stopped' && performance.now() < deadline) {
      await sleep(PASS_EVERY_MS);
      rest = await pass.goOver(deadline);
    }
    // Only now: what a worker had in hand is a receipt.
    const asked = { writer, id: run.run, patienceMs };
    const receipts = isDone(rest) ? await forgetReceipts(ops, ids, asked, work) : null;
    const aof = rewriteFiles ? await rewriteAppendOnlyFiles(writer.redis) : [];
    if (isDone(rest)) rest = restOf(unaware, receipts);
    return { run: run.run, digest, isRefused: await isRefused(ops, ids), ...pass.taken, receipts, rest, aof };
  });
}

/** Of what others do. @param unaware receivers that have not said that they refuse the person */
function restOf(unaware: number, receipts: ForgottenReceipts | null): Rest | null {
  if (unaware > 0) return 'receivers';
  return receipts !== null && receipts.state !== 'done' ? 'receipts' : null;
}

/** Goes over all that is kept, as often as it is told to. */
class ForgetPass {
  readonly taken = { letters: 0, deliveries: 0, lateUsage: 0, subscriptions: 0, records: 0, unreadable: 0 };
  private readonly ops: Operations;
  private readonly writer: DurableWriter;
  private readonly person: Person;
  private readonly run: OperatorAction;
  private readonly work: Work;

  constructor(ops: Operations, writer: DurableWriter, person: Person, run: OperatorAction, work: Work) {
    this.ops = ops;
    this.writer = writer;
    this.person = person;
    this.run = run;
    this.work = work;
  }

  /**
   * Jobs come before letters: what a job gives up meanwhile is a letter that is found. Only a replay moves anything the
   * other way, so a pass beside one proves nothing.
   */
  async goOver(deadline: number): Promise<Rest | null> {
    const { letters, deliveries } = this.taken;
    const unreadable = { count: 0 };
    const wasReplaying = await this.isReplaying();
    const inHand = await this.takeFromJobs(deadline, unreadable);
    await this.takeLetters(unreadable);
    await this.takeHints();
    this.taken.unreadable = unreadable.count;
    if (isStopped(this.work)) return 'stopped';
    if (inHand > 0) return 'in_hand';
    if (wasReplaying || (await this.isReplaying())) return 'replaying';
    return this.taken.letters > letters || this.taken.deliveries > deliveries ? 'arriving' : null;
  }

  private async isReplaying(): Promise<boolean> {
    const replays = await listReplays(this.ops.redis);
    return replays.some(({ state }) => state === 'waiting' || state === 'running');
  }

  /** Resolves to how many jobs a worker has still. */
  private async takeFromJobs(deadline: number, unreadable: { count: number }): Promise<number> {
    let inHand: StoredJob[] = [];
    for await (const { job } of jobsOf(this.ops, this.person, this.work, unreadable)) {
      if (!(await this.takeFromJob(job))) inHand.push(job);
    }
    if (inHand.length > 0)
      this.work.onWait?.(`A worker has ${inHand.length} jobs with events of this person`);
    const hadToWait = inHand.length > 0;
    while (inHand.length > 0 && performance.now() < deadline && !isStopped(this.work)) {
      await sleep(TRY_EVERY_MS);
      const left: StoredJob[] = [];
      for (const job of inHand) if (!(await this.takeFromJob(job))) left.push(job);
      inHand = left;
    }
    if (hadToWait) this.work.onWait?.(null);
    return inHand.length;
  }

  /** False where a worker has it. */
  private async takeFromJob({ shard, jobId }: StoredJob): Promise<boolean> {
    const { redis, replicas } = this.writer;
    for (;;) {
      const job = await readJob(redis, shard, jobId);
      const theirs = job ? readDeliveries(job, this.person) : undefined;
      if (!job || !theirs || theirs.length === 0) return true;
      if (job.isInHand) return false;
      const isForgotten = ({ event }: { event: unknown }) => this.person.isOf(event);
      const result = await forgetDeliveries(redis, job, isForgotten, this.run, replicas);
      if (result === 'forgotten') this.taken.deliveries += theirs.length;
      if (result === 'in hand') return false;
      if (result !== 'stale') return true;
    }
  }

  private async takeLetters(unreadable: { count: number }): Promise<void> {
    const { ops, person, work } = this;
    const progress = startCounting(work, 'letters looked at', await countAtMost({}, ops));
    for (const shard of ops.shards) {
      let page: LetterMark[] = [];
      for await (const entry of lettersOf(ops, shard, person, { work, unreadable, onLook: progress.add })) {
        page.push({ id: entry.id, digest: entry.digest });
        if (page.length >= PAGE) page = await this.discard(shard, page);
      }
      if (!isStopped(work)) await this.discard(shard, page);
    }
  }

  /** Resolves to the next page, an empty one. */
  private async discard(shard: string, page: LetterMark[]): Promise<LetterMark[]> {
    if (page.length === 0) return [];
    const { redis, replicas } = this.writer;
    const before = this.ofShard.get(shard) ?? 0;
    const now = await discardDeadLetters(shard, redis, page, this.run, replicas);
    this.ofShard.set(shard, now);
    this.taken.letters += now - before;
    return [];
  }

  /** Letters that this run has discarded, by shard. */
  private readonly ofShard = new Map<string, number>();

  /** What is no event and names the person: hints, caches and records. */
  private async takeHints(): Promise<void> {
    const { ops, person, taken } = this;
    const { redis, replicas } = this.writer;
    const ids = [...person.ids];
    for (const cache of cachesOf(ops, redis)) taken.subscriptions += await cache.forget(ids);
    for (const shard of ops.shards) {
      taken.lateUsage += await forgetLateOf(shard, redis, person.ids, replicas);
      taken.records += await rewriteLog(redis, shard, withoutIds(person), { replicas });
    }
    taken.records += await rewriteReplays<ReplayWhat>(redis, withoutPerson(person));
  }
}
