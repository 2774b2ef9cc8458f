import {
  choosePace,
  compileMapNow,
  type LetterFilter,
  type Operations,
  type Pace,
  type PlanOptions,
  planReplay,
  type ReplayPlan,
  readFilter,
  readLetter,
  type SendAgain,
  startReplay,
} from '@meterbridge/operations';
import type { Command } from 'commander';
import { CommandError, withOperations } from '../../load-context.js';
import { confirmOrAbort } from '../../terminal/confirm.js';
import { grouped } from '../../terminal/grouped.js';
import { print, printNote } from '../../terminal/print.js';
import { whyNotSent } from '../../terminal/say-held.js';
import { watched } from '../../terminal/work.js';
import { printText } from '../../terminal/wrap-text.js';
import { renderPlan } from '../replays/render.js';
import { type WatchOptions, watchInTerminal } from '../replays/watch.js';
import { renderMapping } from './show.js';

type ReplayOptions = LetterFilter &
  PlanOptions &
  SendAgain &
  Pace &
  WatchOptions & { all?: boolean; yes?: boolean; dryRun?: boolean };

/** Says what a replay would do, asks, and puts dead letters back on their queues. */
export async function replayDeadLetters(
  ids: string[],
  options: ReplayOptions,
  command: Pick<Command, 'error'>,
): Promise<void> {
  const filter = readFilter(options, ids);
  if (Object.keys(filter).length === 0 && !options.all) {
    command.error('error: say which: ids, a filter such as --reason, or --all');
  }
  if (options.remapSent && ids.length === 0) command.error('error: --remap-sent takes ids, one by one');
  await withOperations(async (ops) => {
    const { plan, what, lanes } = await watched((work) =>
      planReplay(ops, filter, { ...options, pace: choosePace(options) }, work),
    );
    const whyNot = whyNotSent(plan.held, options);
    if (!options.json) printText(describe(plan, options));
    if (options.remapSent && !options.json) await printBothMappings(ops, ids);
    if (what.planned === 0 || options.dryRun) {
      if (options.json) print(JSON.stringify({ plan }, null, 2));
      else if (what.planned > 0 && whyNot !== null) printText(`\n${whyNot}`);
      return;
    }
    if (whyNot !== null) {
      if (options.json) print(JSON.stringify({ plan }, null, 2));
      throw new CommandError(whyNot);
    }
    if (!(await confirmOrAbort(`Put ${grouped(what.planned)} dead letters back?`, options))) return;
    const id = await startReplay(ops, { plan, what, lanes });
    if (!options.json) printNote(`Replay ${id}. The workers run it; Ctrl-C ends only the watching.`);
    await watchInTerminal(ops, id, options, plan);
  });
}

/** Of what may have arrived: what was sent, beside what would be sent now. */
async function printBothMappings(ops: Operations, ids: string[]): Promise<void> {
  const mapNow = compileMapNow(ops.config, ops.kept, { remapSent: true });
  for (const id of ids) {
    const entry = await readLetter(id, ops);
    print(ops.scrub(`\n${id}\n${renderMapping(entry, mapNow(entry))}`));
  }
}

function describe(plan: ReplayPlan, { includeFailing = false, remapSent }: ReplayOptions): string {
  return plan.letters === 0 ? 'No dead letters match.' : renderPlan(plan, includeFailing, remapSent);
}
