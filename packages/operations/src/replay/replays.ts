import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { newerWords } from '@meterbridge/delivery';
import {
  createReplay,
  findReplay,
  keepRules,
  listReplays as listRecords,
  type NewerReplay,
  REPLAY_BEAT_MS,
  readProcesses,
  readStoreTime,
  resumeReplay as resumeRecord,
  ShardReplay,
  stopReplay as stopRecord,
} from '@meterbridge/queue';
import type { LetterFilter } from '../dead-letters/filter.js';
import { readLetter } from '../dead-letters/walk.js';
import { type DurableWriter, withWriter } from '../durable-writer.js';
import type { Operations } from '../open.js';
import { OperationError } from '../operation-error.js';
import { versionsOf } from '../pipeline/pipeline.js';
import type { Held } from '../stored/held.js';
import { isStopped, startCounting, type Work } from '../work.js';
import { makePlan, type PlanOptions } from './make-plan.js';
import type { Pace } from './pace.js';
import { planned, type ReplayPlan } from './plan.js';
import { findReplayRanges, type ReplayRange } from './range.js';
import type { Replay, ReplayWhat } from './run-replay.js';
import { type ReplaySummary, ReplayWatch } from './summary.js';

/** What a replay is to do, and what it would come to. */
export type PlannedReplay = {
  plan: ReplayPlan;
  what: ReplayWhat;
  lanes: ReplayRange[];
};

/**
 * Says what a replay of the letters that a filter means would do, and asks the APIs; changes nothing.
 * @throws OperationError (`unknown_dead_letter` where one of the ids is there no more, `unknown_destination`)
 */
export async function planReplay(
  ops: Operations,
  filter: LetterFilter,
  { pace, sendAgain, ...options }: PlanOptions & { pace: Pace; sendAgain?: number | undefined },
  work: Work = {},
): Promise<PlannedReplay> {
  // The others would be passed over without a word.
  for (const id of filter.ids ?? []) await readLetter(id, ops);
  const lanes = await findReplayRanges(ops, filter);
  const plan = await makePlan(ops, filter, lanes, pace, options, work);
  const includeFailing = options.includeFailing ?? false;
  const what: ReplayWhat = {
    filter,
    pace,
    includeFailing,
    remapSent: options.remapSent || undefined,
    asSource: options.asSource,
    sendAgain,
    rules: versionsOf(ops.config),
    planned: planned(plan, includeFailing),
  };
  return { plan, what, lanes };
}

/**
 * Writes a planned replay down; a worker takes it and runs it, with the rules of its plan.
 * @returns its id
 * @throws OperationError as `withWriter`
 */
export async function startReplay(ops: Operations, { what, lanes }: PlannedReplay): Promise<string> {
  const begun = { by: ops.actor, what, lanes };
  return withWriter(ops.config, async (writer) => {
    await keepPlannedRules(ops, writer);
    return createReplay(writer.redis, begun, writer.replicas);
  });
}

/** Before a replay names them: whoever runs it may never have seen this configuration. */
async function keepPlannedRules({ config }: Operations, { redis, replicas }: DurableWriter): Promise<void> {
  for (const [name, rules] of config.rules) await keepRules(redis, name, rules, replicas);
}

/** One replay, to be read. @throws OperationError (`unknown_replay`, `newer_version`) */
export async function readReplay(ops: Operations, id: string): Promise<Replay> {
  const replay = await findReplay<ReplayWhat>(ops.redis, id);
  if (!replay) {
    throw new OperationError('unknown_replay', `no replay ${id} is remembered; see meterbridge replays list`);
  }
  if ('newer' in replay) {
    throw new OperationError(
      'newer_version',
      `replay ${id}: ${newerWords('replay', replay.newer, ops.formats)}`,
    );
  }
  return replay;
}

/** A replay in a line: how many letters it has put back, or of a newer version that it is one, in words. */
export type ListedReplay = { replay: Replay; replayed: number } | { newer: NewerReplay; words: string };

/** All that are remembered, the newest first. */
export async function listReplays(ops: Operations): Promise<ListedReplay[]> {
  const replays: ListedReplay[] = [];
  for (const replay of await listRecords<ReplayWhat>(ops.redis)) {
    if ('newer' in replay) {
      replays.push({ newer: replay, words: newerWords('replay', replay.newer, ops.formats) });
      continue;
    }
    replays.push({ replay, replayed: (await new ReplayWatch(ops, replay).progress()).replayed });
  }
  return replays;
}

/** One replay, and what has come of it by now. @throws OperationError (`unknown_replay`) */
export async function showReplay(
  ops: Operations,
  id: string,
): Promise<{ replay: Replay; summary: ReplaySummary }> {
  const replay = await readReplay(ops, id);
  return { replay, summary: await new ReplayWatch(ops, replay).summarize(replay.state) };
}

/**
 * Makes a replay stop after what its worker has in hand, and waits until it has.
 * @throws OperationError (`unknown_replay`); as `withWriter`
 */
export async function stopReplay(ops: Operations, id: string): Promise<void> {
  await readReplay(ops, id);
  await withWriter(ops.config, async ({ redis, replicas }) => {
    // One whose worker has died is stopped once its lease has run out.
    while ((await stopRecord(redis, id, replicas)) === 'running') await sleep(REPLAY_BEAT_MS);
  });
}

/**
 * Lets a stopped replay go on, with the rules of now.
 * @throws OperationError (`conflict`) where it is not stopped; as `withWriter`
 */
export async function resumeReplay(ops: Operations, { id, what, by }: Replay): Promise<void> {
  const told: ReplayWhat = { ...what, rules: versionsOf(ops.config) };
  const resumed = await withWriter(ops.config, async (writer) => {
    await keepPlannedRules(ops, writer);
    return resumeRecord(writer.redis, id, told, writer.replicas);
  });
  if (resumed === 'done') {
    throw new OperationError('conflict', `replay ${id} is done: meterbridge replays show ${id}`);
  }
  if (resumed !== 'resumed') {
    throw new OperationError(
      'conflict',
      `replay ${id} is ${resumed}, begun by ${by}: meterbridge replays stop ${id}`,
    );
  }
}

/** Whether what is left of a replay would be mapped as its plan said. */
export function isAsPlanned({ config }: Operations, { state, what }: Replay): boolean {
  return state !== 'stopped' || isDeepStrictEqual(what.rules, versionsOf(config));
}

/** What the APIs hold of the letters that are left of a replay. */
export async function askForRest(
  ops: Operations,
  { id, what, lanes }: Replay,
  { checkAll }: Pick<PlanOptions, 'checkAll'>,
  work: Work = {},
): Promise<Held[]> {
  const rest = lanes.map(async (lane) => ({
    ...lane,
    from: (await new ShardReplay(lane.destination, id, ops.redis).progress()).position,
  }));
  const options = { ...what, checkAll };
  return (await makePlan(ops, what.filter, await Promise.all(rest), what.pace, options, work)).held;
}

const LOOK_EVERY_MS = 250;
/** Workers look for new ones every second. */
const TAKEN_WITHIN_MS = 5_000;

/**
 * Watches a replay until a worker has come to its end, or has stopped; then, where `untilSettled`, until everything it
 * has put back is delivered or dead again. The caller's signal ends the watching alone. Where no worker runs, it ends
 * within seconds with the replay still `waiting`, unless `untilSettled`: who does not wait for deliveries does not wait
 * for workers.
 * @throws OperationError (`unknown_replay`)
 */
export async function watchReplay(
  ops: Operations,
  id: string,
  { untilSettled }: { untilSettled: boolean },
  work: Work = {},
): Promise<{ replay: Replay; summary: ReplaySummary }> {
  const begun = await readReplay(ops, id);
  const watch = new ReplayWatch(ops, begun);
  const replay = await untilEnded(ops, begun, watch, untilSettled, work);
  const isWhole = untilSettled && replay.state === 'done';
  const summary = isWhole ? await untilDelivered(watch, replay, work) : await watch.summarize(replay.state);
  return { replay, summary };
}

async function untilEnded(
  ops: Operations,
  begun: Replay,
  watch: ReplayWatch,
  patiently: boolean,
  work: Work,
): Promise<Replay> {
  let replay = begun;
  let { replayed } = await watch.progress();
  const progress = startCounting(work, 'dead letters', Math.max(0, replay.what.planned - replayed));
  let waitingSince = performance.now();
  let isTold = false;
  while ((replay.state === 'waiting' || replay.state === 'running') && !isStopped(work)) {
    await sleep(LOOK_EVERY_MS);
    replay = await readReplay(ops, replay.id);
    const now = await watch.progress();
    progress.add(now.replayed - replayed);
    replayed = now.replayed;
    if (replay.state !== 'waiting') {
      waitingSince = performance.now();
      isTold = false;
    }
    if (performance.now() - waitingSince < TAKEN_WITHIN_MS) continue;
    if (!patiently && !(await isWorkerThere(ops))) return replay;
    if (!isTold) work.onNotice?.('No worker has taken it yet. Is one running? meterbridge status says so.');
    isTold = true;
  }
  return replay;
}

/** Whether a worker lives, as far as it has said so. */
async function isWorkerThere({ redis }: Operations): Promise<boolean> {
  return (await readProcesses(redis, await readStoreTime(redis))).some(({ role }) => role === 'worker');
}

async function untilDelivered(watch: ReplayWatch, { state }: Replay, work: Work): Promise<ReplaySummary> {
  let summary = await watch.summarize(state);
  const progress = startCounting(work, 'deliveries settled', summary.inFlight);
  let settled = summary.deliveries - summary.inFlight;
  while (summary.inFlight > 0 && !isStopped(work)) {
    await sleep(LOOK_EVERY_MS);
    summary = await watch.summarize(state);
    progress.add(summary.deliveries - summary.inFlight - settled);
    settled = summary.deliveries - summary.inFlight;
  }
  return summary;
}
