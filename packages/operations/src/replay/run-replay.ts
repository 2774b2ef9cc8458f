import { createStoreClock, endReplay, keepRules, type ReplayRecord } from '@meterbridge/queue';
import type { LetterFilter } from '../dead-letters/filter.js';
import { openWriter } from '../durable-writer.js';
import type { Operations } from '../open.js';
import { compilePipeline } from '../pipeline/pipeline.js';
import { startCounting, type Work } from '../work.js';
import { Hold, type StopReason } from './hold.js';
import { compileJudge } from './judge-letter.js';
import type { Pace } from './pace.js';
import { runLane } from './run-lane.js';

/** What a replay is told once, and keeps to when it is resumed. */
export type ReplayWhat = {
  filter: LetterFilter;
  pace: Pace;
  includeFailing: boolean;
  /** Maps anew what may have arrived. */
  remapSent?: boolean;
  /** So many were sent by somebody's word although they were there already as something else. */
  sendAgain?: number;
  /** The versions of the rules that its plan was made with, by destination. */
  rules?: Record<string, string>;
  /** Letters that its plan meant to put back. */
  planned: number;
};

export type Replay = ReplayRecord<ReplayWhat>;

/**
 * Goes through a replay's lanes, one after the other, from where it stands, and lets go of it: done, or stopped.
 * A process that is killed leaves it interrupted.
 * @param holder who holds it, as `createReplay` or `holdReplay` was told
 * @param replayed letters it has put back before
 * @returns why it ended early; undefined where it is done
 */
export async function runReplay(
  ops: Operations,
  { id, what, lanes }: Pick<Replay, 'id' | 'what' | 'lanes'>,
  holder: string,
  replayed: number,
  work: Work = {},
): Promise<StopReason | undefined> {
  const writer = await openWriter(ops.config);
  const hold = new Hold(ops.redis, id, holder, work.signal);
  const clock = createStoreClock(ops.redis);
  const progress = startCounting(work, 'dead letters', Math.max(0, what.planned - replayed));
  let isDone = false;
  try {
    await clock.synchronize();
    // Before a job names them.
    for (const [name, rules] of ops.config.rules) await keepRules(ops.redis, name, rules);
    const judge = compileJudge(compilePipeline(ops.config, ops.kept), {
      remapSent: what.remapSent ?? false,
    });
    for (const lane of lanes) {
      await runLane(lane, {
        ops,
        writer,
        replayId: id,
        filter: what.filter,
        pace: what.pace,
        includeFailing: what.includeFailing,
        judge,
        hold,
        clock,
        onReplayed: (letters) => progress.add(letters),
        work,
      });
      if (hold.stopping) break;
    }
    isDone = hold.stopping === undefined;
    return hold.stopping;
  } finally {
    clock.stop();
    hold.end();
    writer.close();
    await endReplay(ops.redis, id, holder, isDone ? 'done' : 'stopped');
  }
}
