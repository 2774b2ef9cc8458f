import { setTimeout as sleep } from 'node:timers/promises';
import { hourAt } from '@meterbridge/delivery';
import {
  compareStreamIds,
  destinationOf,
  getOrSetFirstTimes,
  NotReplicatedError,
  RECEIVER,
  ShardReplay,
  type StoreClock,
} from '@meterbridge/queue';
import type { LetterFilter } from '../dead-letters/filter.js';
import { type DurableWriter, whyItWaits } from '../durable-writer.js';
import type { Operations } from '../open.js';
import { createBreather } from '../work.js';
import { Batch } from './batch.js';
import type { JudgeLetter } from './judge-letter.js';
import type { ReplayLease } from './lease.js';
import { batchAt, limitOf, type Pace, paceOf, slowest, takeTurn } from './pace.js';
import { type ReplayRange, walkRange } from './range.js';

export type ShardRun = {
  ops: Operations;
  /** Makes sure, before letters are taken away and before it is told as done. */
  writer: DurableWriter;
  replayId: string;
  filter: LetterFilter;
  pace: Pace;
  includeFailing: boolean;
  judge: JudgeLetter;
  lease: ReplayLease;
  /** Told why it waits for replicas; once for each lane. */
  onWait: (why: string) => void;
  clock: StoreClock;
};

/**
 * Letters in one step, at most: one write to Redis' disk serves them all, and Redis does nothing else for a few
 * milliseconds.
 */
const STEP = 500;
/** Steps on their way to Redis. Of the receiver's letters one: each asks several slots, one after the other. */
const STEPS_IN_HAND = 4;
/** So often in a row a lane is begun again without getting further; somebody has to look then. */
const MAX_VAIN = 5;
const REST_MS = 500;
/** So long letters are judged in one go: what is live in this process waits no longer. */
const SLICE_MS = 10;
/** How long a stop may go unheard while the pace makes it wait. */
const NAP_MS = 200;

/** Thrown where a step did not happen: the lane is read again from where Redis says it stands. */
class ElsewhereError extends Error {
  override name = 'ElsewhereError';
  readonly code = 'elsewhere';
}

/**
 * Replays one lane to its end, or until it has to stop. A step that met trouble is not known to have happened:
 * Redis is asked where the replay stands, and it goes on from there. At its end the replicas have it.
 * @throws what Redis answers, where it gets no further
 */
export async function replayShard(lane: ReplayRange, run: ShardRun): Promise<void> {
  const { redis } = run.ops;
  const targets = new Map<string, ShardReplay>();
  const target = (name: string): ShardReplay => {
    const rules = run.ops.config.rules.get(destinationOf(name))?.version;
    const known = targets.get(name) ?? new ShardReplay(name, run.replayId, redis, rules);
    targets.set(name, known);
    return known;
  };
  let position: string | undefined;
  let vain = 0;
  let isWaiting = false;
  try {
    for (;;) {
      try {
        const { position: now } = await target(lane.destination).progress();
        vain = now === position ? vain + 1 : 0;
        position = now;
        if (now !== '' && compareStreamIds(now, lane.through) >= 0) {
          const { redis: prover, replicas } = run.writer;
          if (await target(lane.destination).provePosition(now, prover, replicas)) return;
          throw new ElsewhereError('the replay stands elsewhere at the server of now');
        }
        await walk(lane, now, run, target);
        if (run.lease.stopping) return;
      } catch (error) {
        if (error instanceof NotReplicatedError) {
          // They are waited for as long as it takes; what is done meanwhile is not done twice.
          vain = 0;
          if (!isWaiting) run.onWait(whyItWaits(error)!);
          isWaiting = true;
          if (run.lease.stopping) return;
        }
        if (vain >= MAX_VAIN) throw error;
        await sleep(REST_MS);
        // Waits for as long as Redis is away.
        await redis.ping();
        // A queue that was opened in a bad moment stays bad.
        await closeAll(targets);
      }
    }
  } finally {
    await closeAll(targets);
  }
}

async function closeAll(targets: Map<string, ShardReplay>): Promise<void> {
  const all = [...targets.values()];
  targets.clear();
  await Promise.allSettled(all.map((each) => each.close()));
}

async function walk(
  lane: ReplayRange,
  position: string,
  run: ShardRun,
  target: (name: string) => ShardReplay,
): Promise<void> {
  const { ops, lease, judge, replayId, includeFailing } = run;
  const isReceivers = lane.destination === RECEIVER;
  const pace = paceOfRange(lane, run);
  const most = batchAt(pace, STEP);
  const known = new Map<string, ReadonlySet<string>>();
  if (isReceivers) {
    for (const { name } of ops.config.destinations) {
      known.set(name, new Set(await target(name).lastRejections()));
    }
  }
  const inHand: Promise<void>[] = [];
  let free = 0;
  let batch = new Batch(position);
  const breathe = createBreather(SLICE_MS);

  const submit = async (): Promise<void> => {
    const full = batch;
    batch = new Batch(full.through);
    lease.renew();
    const turn = takeTurn(full.most, pace, free, performance.now());
    free = turn.free;
    if (!(await waited(turn.waitMs, lease))) return;
    const step = isReceivers
      ? moveRejections(full, known, run, target)
      : moveOwn(full, target(lane.destination));
    step.catch(() => {});
    inHand.push(step);
    if (inHand.length >= (isReceivers ? 1 : STEPS_IN_HAND)) await inHand.shift();
  };

  try {
    for await (const entry of walkRange(lane, ops, run.filter, position)) {
      batch.add(entry, judge(entry, replayId), includeFailing);
      await breathe();
      if (batch.size >= most) await submit();
      if (lease.stopping) return;
    }
    if (batch.size > 0) await submit();
    if (lease.stopping) return;
    for (const step of inHand.splice(0)) await step;
    const { left, from } = batch;
    const isAtEnd = await target(lane.destination).apply({ left, from, through: lane.through });
    if (!isAtEnd) throw new ElsewhereError('the replay stands elsewhere');
  } finally {
    await Promise.allSettled(inHand);
  }
}

async function moveOwn(batch: Batch, own: ShardReplay): Promise<void> {
  const [destination] = batch.destinations();
  if (!(await own.apply(batch.ownStep(destination!))))
    throw new ElsewhereError('a letter was taken meanwhile');
}

/**
 * Letters of the receiver become deliveries of other slots, where no transaction reaches: each destination
 * remembers whose it has, so that whoever goes on after a kill adds none of them twice. They leave once every one of
 * them says so that is a master now, and its replicas have it: another may have been asked to add them.
 */
async function moveRejections(
  batch: Batch,
  known: ReadonlyMap<string, ReadonlySet<string>>,
  { clock, writer }: ShardRun,
  target: (name: string) => ShardReplay,
): Promise<void> {
  const timed = batch.timed.map(({ source, event: { messageId, timestamp } }) => ({
    source,
    messageId,
    timestamp,
  }));
  const times = timed.length > 0 ? await getOrSetFirstTimes(writer.redis, timed, writer.replicas) : [];
  for (const [index, { event }] of batch.timed.entries()) event.timestamp = times[index]!;
  for (const destination of batch.destinations()) {
    const step = batch.addStep(destination, known.get(destination)!, hourAt(clock.now()));
    if (step && !(await target(destination).apply(step))) throw new ElsewhereError('they were added already');
  }
  const { rejections } = batch;
  const proved = batch.destinations().map(async (destination) => {
    if (!(await target(destination).proveRejections(rejections, writer.redis, writer.replicas)))
      throw new ElsewhereError('the server of now was not given them');
  });
  await Promise.all(proved);
  if (!(await target(RECEIVER).apply(batch.awayStep())))
    throw new ElsewhereError('a letter was taken meanwhile');
}

/** The receiver's letters go to every destination: as slowly as the slowest takes them. */
function paceOfRange({ destination }: ReplayRange, { ops, pace }: ShardRun): number | null {
  const targets = ops.config.destinations.filter(
    ({ name }) => destination === RECEIVER || name === destinationOf(destination),
  );
  return slowest(targets.map((target) => paceOf(limitOf(target, ops.config.billingAccounts), pace)));
}

/** False where it has to stop meanwhile. */
async function waited(ms: number, lease: ReplayLease): Promise<boolean> {
  const until = performance.now() + ms;
  for (;;) {
    if (lease.stopping) return false;
    const left = until - performance.now();
    if (left <= 0) return true;
    await sleep(Math.min(left, NAP_MS));
  }
}
