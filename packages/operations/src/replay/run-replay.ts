import { createStoreClock, type ReplayRecord, releaseReplay } from '@meterbridge/queue';
import type { LetterFilter } from '../dead-letters/filter.js';
import { openWriter } from '../durable-writer.js';
import type { Operations } from '../open.js';
import { compileJudge } from './judge-letter.js';
import { ReplayLease, type StopReason } from './lease.js';
import type { Pace } from './pace.js';
import { withPlannedRules } from './planned-rules.js';
import { replayShard } from './replay-shard.js';

/** What a replay is told once, and keeps to when it is resumed. */
export type ReplayWhat = {
  filter: LetterFilter;
  pace: Pace;
  includeFailing: boolean;
  /** Maps anew what may have arrived. */
  remapSent?: boolean;
  /** Takes what came under an unknown write key as events of this source. */
  asSource?: string;
  /** So many were sent by somebody's word although they were there already as something else. */
  sendAgain?: number;
  /** The versions of the rules that its plan was shown with, by destination: what it puts back is mapped by those. */
  rules?: Record<string, string>;
  /** Letters that its plan meant to put back. */
  planned: number;
};

export type Replay = ReplayRecord<ReplayWhat>;

/** How a turn at a replay ended; undefined where the replay is done. */
export type ReplayEnd = StopReason | 'failed' | undefined;

/**
 * Goes through a replay's lanes, one after the other, from where it stands, and lets go of it: done, stopped, or for
 * another worker to go on with. A process that is killed leaves it so as well.
 * @param holder who holds it, as `takeReplay` was told
 * @param signal of a process that drains
 * @param tell told why it got no further (it is stopped then), and why it waits
 * @throws OperationError (`redis_unreachable`) before anything is done: it is left to its lease
 */
export async function runReplay(
  ops: Operations,
  { id, what, lanes }: Pick<Replay, 'id' | 'what' | 'lanes'>,
  holder: string,
  signal: AbortSignal,
  tell: { onFailed: (error: Error) => void; onWait: (why: string) => void },
): Promise<ReplayEnd> {
  const writer = await openWriter(ops.config);
  const lease = new ReplayLease(ops.redis, id, holder, signal);
  const clock = createStoreClock(ops.redis);
  let problem = '';
  try {
    await clock.synchronize();
    const planned = await withPlannedRules(ops, what.rules);
    const judge = compileJudge(planned.pipeline, what);
    for (const lane of lanes) {
      const { filter, pace, includeFailing } = what;
      const run = {
        ops: planned.ops,
        writer,
        replayId: id,
        filter,
        pace,
        includeFailing,
        judge,
        lease,
        clock,
        onWait: tell.onWait,
      };
      await replayShard(lane, run);
      if (lease.stopping) break;
    }
  } catch (error) {
    problem = ops.scrub((error as Error).message);
    tell.onFailed(error as Error);
  } finally {
    clock.stop();
    lease.end();
    writer.close();
  }
  const end = problem === '' ? lease.stopping : 'failed';
  const state = end === undefined ? 'done' : end === 'draining' ? 'waiting' : 'stopped';
  await releaseReplay(ops.redis, id, holder, state, problem);
  return end;
}
