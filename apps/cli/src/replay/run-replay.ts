import { createStoreClock, endReplay, keepRules, type ReplayRecord } from '@meterbridge/queue';
import type { LetterFilter } from '../dead-letters/filter.js';
import type { LetterBox } from '../dead-letters/open-letters.js';
import { openHand } from '../hand.js';
import { compilePipeline } from '../pipeline/pipeline.js';
import { startProgress } from '../terminal/progress.js';
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
  box: LetterBox,
  { id, what, lanes }: Pick<Replay, 'id' | 'what' | 'lanes'>,
  holder: string,
  replayed: number,
): Promise<StopReason | undefined> {
  const hand = await openHand(box.config);
  const hold = new Hold(box.redis, id, holder);
  const clock = createStoreClock(box.redis);
  const progress = startProgress('dead letters', Math.max(0, what.planned - replayed));
  let isDone = false;
  try {
    await clock.synchronize();
    // Before a job names them.
    for (const [name, rules] of box.config.rules) await keepRules(box.redis, name, rules);
    const judge = compileJudge(compilePipeline(box.config, box.kept), {
      remapSent: what.remapSent ?? false,
    });
    for (const lane of lanes) {
      await runLane(lane, {
        box,
        hand,
        replayId: id,
        filter: what.filter,
        pace: what.pace,
        includeFailing: what.includeFailing,
        judge,
        hold,
        clock,
        onReplayed: (letters) => progress.add(letters),
      });
      if (hold.stopping) break;
    }
    isDone = hold.stopping === undefined;
    return hold.stopping;
  } finally {
    progress.end();
    clock.stop();
    hold.end();
    hand.close();
    await endReplay(box.redis, id, holder, isDone ? 'done' : 'stopped');
  }
}
