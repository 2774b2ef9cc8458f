import { type Operations, type ReplayPlan, watchReplay } from '@meterbridge/operations';
import { CommandError } from '../../load-context.js';
import { print } from '../../terminal/print.js';
import { interruptible } from '../../terminal/work.js';
import { printText } from '../../terminal/wrap-text.js';
import { renderSummary } from './render.js';

export type WatchOptions = {
  /** Until everything is delivered or dead again; left out: where somebody watches. */
  wait?: boolean;
  json?: boolean;
};

/**
 * Watches a replay that workers run, and says what came of it. Ctrl-C ends the watching, and not the replay. Exit code
 * 1 where it did not come to its end, and where what was to be waited for is not delivered.
 */
export async function watchInTerminal(
  ops: Operations,
  id: string,
  options: WatchOptions,
  plan?: ReplayPlan,
): Promise<void> {
  const untilSettled = options.wait ?? (process.stdout.isTTY && !options.json);
  const { replay, summary, isInterrupted } = await interruptible(
    async (work) => ({
      ...(await watchReplay(ops, id, { untilSettled }, work)),
      isInterrupted: work.signal.aborted,
    }),
    `The replay goes on. To see it: meterbridge replays show ${id}; to stop it: meterbridge replays stop ${id}`,
  );
  const isUnsettled = untilSettled && (summary.inFlight > 0 || summary.deadAgain.length > 0);
  if (replay.state !== 'done' || isUnsettled) process.exitCode = 1;
  if (options.json) {
    print(JSON.stringify(plan ? { plan, replay: summary } : { replay: summary }, null, 2));
  } else printText(`${plan ? '\n' : ''}${renderSummary(summary, replay)}`);
  if (replay.state === 'waiting' && !isInterrupted) {
    throw new CommandError(
      `No worker runs. The replay is kept, and the first worker runs it; to see it: meterbridge replays show ${id}`,
    );
  }
  if (replay.problem !== undefined) {
    throw new CommandError(
      `The replay got no further: ${replay.problem}. What it has put back is delivered. To go on: meterbridge replays resume ${id}`,
    );
  }
}
