import { findReplay } from '@meterbridge/queue';
import type { LetterBox } from '../dead-letters/open-letters.js';
import { CommandError } from '../load-context.js';
import { followReplay } from './follow.js';
import type { ReplayPlan } from './plan.js';
import { renderSummary } from './render.js';
import { type ReplayWhat, runReplay } from './run-replay.js';
import { ReplayWatch } from './summary.js';

export type ConductOptions = {
  /** Until everything is delivered or dead again; left out: where somebody watches. */
  wait?: boolean;
  json?: boolean;
};

/**
 * Runs a replay that this process holds, and says what came of it. Exit code 1 where it did not come to its end,
 * and where something it waited for is dead again.
 */
export async function conduct(
  box: LetterBox,
  id: string,
  holder: string,
  options: ConductOptions,
  plan?: ReplayPlan,
): Promise<void> {
  const begun = await findReplay<ReplayWhat>(box.redis, id);
  if (!begun) throw new CommandError(`no replay ${id} is remembered`);
  const watch = new ReplayWatch(box, begun);
  const before = await watch.look(begun.state);
  const stopped = await runReplay(box, begun, holder, before.replayed).catch((error: Error) => {
    throw new CommandError(
      `The replay got no further: ${error.message}. What it has put back is delivered. To go on: meterbridge replays resume ${id}`,
    );
  });
  if (stopped === 'lost') {
    throw new CommandError(`Another process has gone on with replay ${id}: meterbridge replays show ${id}`);
  }
  const state = stopped ? 'stopped' : 'done';
  const doesWait = !stopped && (options.wait ?? (process.stdout.isTTY && !options.json));
  const summary = doesWait ? await followReplay(watch, state) : await watch.look(state);
  if (stopped || (doesWait && (summary.inFlight > 0 || summary.deadAgain.length > 0))) process.exitCode = 1;
  if (options.json) {
    console.log(JSON.stringify(plan ? { plan, replay: summary } : { replay: summary }, null, 2));
  } else console.log(`${plan ? '\n' : ''}${renderSummary(summary, begun)}`);
}
