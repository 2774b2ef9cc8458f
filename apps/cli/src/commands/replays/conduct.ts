import {
  followReplay,
  type Operations,
  type ReplayPlan,
  ReplayWatch,
  readReplay,
  runReplay,
} from '@meterbridge/operations';
import { CommandError } from '../../load-context.js';
import { interruptible } from '../../terminal/work.js';
import { renderSummary } from './render.js';

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
  ops: Operations,
  id: string,
  holder: string,
  options: ConductOptions,
  plan?: ReplayPlan,
): Promise<void> {
  const begun = await readReplay(ops, id);
  const watch = new ReplayWatch(ops, begun);
  const before = await watch.look(begun.state);
  const stopped = await interruptible((work) => runReplay(ops, begun, holder, before.replayed, work)).catch(
    (error: Error) => {
      throw new CommandError(
        `The replay got no further: ${error.message}. What it has put back is delivered. To go on: meterbridge replays resume ${id}`,
      );
    },
  );
  if (stopped === 'lost') {
    throw new CommandError(`Another process has gone on with replay ${id}: meterbridge replays show ${id}`);
  }
  const state = stopped ? 'stopped' : 'done';
  const doesWait = !stopped && (options.wait ?? (process.stdout.isTTY && !options.json));
  const summary = doesWait
    ? await interruptible((work) => followReplay(watch, state, work))
    : await watch.look(state);
  if (stopped || (doesWait && (summary.inFlight > 0 || summary.deadAgain.length > 0))) process.exitCode = 1;
  if (options.json) {
    console.log(JSON.stringify(plan ? { plan, replay: summary } : { replay: summary }, null, 2));
  } else console.log(`${plan ? '\n' : ''}${renderSummary(summary, begun)}`);
}
