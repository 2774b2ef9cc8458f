import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import {
  createReplay,
  findReplay,
  holdReplay,
  listReplays as listRecords,
  REPLAY_BEAT_MS,
  REPLAY_HELD_MS,
  ReplayLane,
  stopReplay as stopRecord,
} from '@meterbridge/queue';
import type { LetterFilter } from '../dead-letters/filter.js';
import { readLetter } from '../dead-letters/walk.js';
import { withWriter } from '../durable-writer.js';
import type { Operations } from '../open.js';
import { OperationError } from '../operation-error.js';
import { versionsOf } from '../pipeline/pipeline.js';
import type { Held } from '../stored/held.js';
import { isStopped, startCounting, type Work } from '../work.js';
import { type Lane, openLanes } from './lane.js';
import { makePlan, type PlanOptions } from './make-plan.js';
import type { Pace } from './pace.js';
import { planned, type ReplayPlan } from './plan.js';
import type { Replay, ReplayWhat } from './run-replay.js';
import { type ReplaySummary, ReplayWatch } from './summary.js';

/** What a replay is to do, and what it would come to. */
export type PlannedReplay = {
  plan: ReplayPlan;
  what: ReplayWhat;
  lanes: Lane[];
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
  const lanes = await openLanes(ops, filter);
  const plan = await makePlan(ops, filter, lanes, pace, options, work);
  const includeFailing = options.includeFailing ?? false;
  const what: ReplayWhat = {
    filter,
    pace,
    includeFailing,
    ...(options.remapSent ? { remapSent: true } : {}),
    ...(sendAgain === undefined ? {} : { sendAgain }),
    rules: versionsOf(ops.config),
    planned: planned(plan, includeFailing),
  };
  return { plan, what, lanes };
}

/** Writes a planned replay down, held by `holder`. @throws OperationError as `withWriter` */
export async function createHeldReplay(
  ops: Operations,
  { what, lanes }: PlannedReplay,
  holder: string,
): Promise<string> {
  const begun = { by: ops.actor, what, lanes };
  return withWriter(ops.config, ({ redis, replicas }) => createReplay(redis, holder, begun, replicas));
}

/** @throws OperationError (`unknown_replay`) */
export async function readReplay(ops: Operations, id: string): Promise<Replay> {
  const replay = await findReplay<ReplayWhat>(ops.redis, id);
  if (!replay) {
    throw new OperationError('unknown_replay', `no replay ${id} is remembered; see meterbridge replays list`);
  }
  return replay;
}

/** All that are remembered, the newest first, and how many letters each has put back. */
export async function listReplays(ops: Operations): Promise<{ replay: Replay; replayed: number }[]> {
  const replays = [];
  for (const replay of await listRecords<ReplayWhat>(ops.redis)) {
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
  return { replay, summary: await new ReplayWatch(ops, replay).look(replay.state) };
}

/** Makes a running one stop after what it has in hand, and waits until it has. @throws OperationError (`unknown_replay`) */
export async function stopReplay(ops: Operations, id: string): Promise<void> {
  await readReplay(ops, id);
  while (await stopRecord(ops.redis, id)) await sleep(REPLAY_BEAT_MS);
}

/** Whether what is left of a replay would be mapped as its plan said. */
export function isAsPlanned({ config }: Operations, { state, what }: Replay): boolean {
  return state === 'done' || state === 'running' || isDeepStrictEqual(what.rules, versionsOf(config));
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
    from: (await new ReplayLane(lane.destination, id, ops.redis).progress()).position,
  }));
  const options = { ...what, ...(checkAll === undefined ? {} : { checkAll }) };
  return (await makePlan(ops, what.filter, await Promise.all(rest), what.pace, options, work)).held;
}

/**
 * Takes hold of a replay that was stopped or interrupted. One whose process was killed seems to run until nobody has
 * heard of it for some seconds.
 * @throws OperationError (`conflict`) where it is done, or runs
 */
export async function holdForResume(ops: Operations, { id, by }: Replay, holder: string): Promise<void> {
  const until = performance.now() + REPLAY_HELD_MS + REPLAY_BEAT_MS;
  for (;;) {
    const held = await holdReplay(ops.redis, id, holder);
    if (held === 'held') return;
    if (held === 'done') {
      throw new OperationError('conflict', `replay ${id} is done: meterbridge replays show ${id}`);
    }
    if (held !== 'running' || performance.now() > until) {
      throw new OperationError(
        'conflict',
        `replay ${id} is running, begun by ${by}: meterbridge replays stop ${id}`,
      );
    }
    await sleep(REPLAY_BEAT_MS);
  }
}

const LOOK_EVERY_MS = 250;

/** Waits until everything a replay has put back is delivered or dead again; stopping it ends the waiting alone. */
export async function followReplay(
  watch: ReplayWatch,
  state: ReplaySummary['state'],
  work: Work = {},
): Promise<ReplaySummary> {
  let summary = await watch.look(state);
  const progress = startCounting(work, 'deliveries settled', summary.inFlight);
  let settled = summary.deliveries - summary.inFlight;
  while (summary.inFlight > 0 && !isStopped(work)) {
    await sleep(LOOK_EVERY_MS);
    summary = await watch.look(state);
    progress.add(summary.deliveries - summary.inFlight - settled);
    settled = summary.deliveries - summary.inFlight;
  }
  return summary;
}
