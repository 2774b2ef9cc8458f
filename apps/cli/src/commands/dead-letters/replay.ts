import {
  choosePace,
  compileMapNow,
  DEFAULT_SHARE,
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
import { EXAMPLE } from '../../terminal/example.js';
import { print, printNote } from '../../terminal/print.js';
import { readCount, readPercent } from '../../terminal/read-arguments.js';
import { whyNotSent } from '../../terminal/say-held.js';
import { watched } from '../../terminal/work.js';
import { renderPlan } from '../replays/render.js';
import { type WatchOptions, watchInTerminal } from '../replays/watch.js';
import { addFilterOptions } from './options.js';
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
    if (!options.json) print(describe(plan, options));
    if (options.remapSent && !options.json) await printBothMappings(ops, ids);
    if (what.planned === 0 || options.dryRun) {
      if (options.json) print(JSON.stringify({ plan }, null, 2));
      else if (what.planned > 0 && whyNot !== null) print(`\n${whyNot}`);
      return;
    }
    if (whyNot !== null) {
      if (options.json) print(JSON.stringify({ plan }, null, 2));
      throw new CommandError(whyNot);
    }
    if (!(await confirmOrAbort(`Put ${what.planned.toLocaleString('en')} dead letters back?`, options)))
      return;
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

/** `meterbridge dead-letters replay` */
export function addReplay(deadLetters: Command): void {
  const replay = deadLetters
    .command('replay [ids...]')
    .description('put them back on their queues; they are mapped anew with the configuration of now')
    .option('--all', 'all of them');
  addFilterOptions(replay)
    .option('--dry-run', 'say what would be done, and do nothing')
    .option('--yes', 'do not ask')
    .option('--include-failing', 'those as well that would fail again; else they are left where they are')
    .option('--remap-sent', 'with ids: map anew what may have arrived; else it goes as it was sent')
    .option('--as-source <name>', 'those that came under an unknown write key go as events of this source')
    .option(
      '--send-again <n>',
      'so many, exactly, although they are there already as something else: billed twice, or never',
      readCount,
    )
    .option('--check-all', 'ask the APIs for every event what they hold of it, however many reads that takes')
    .option('--rate <n>', 'events a second, at most, for each destination', readCount)
    .option(
      '--share <percent>',
      `of each destination's limit (requestsPerSecond × batchSize), at most; ${DEFAULT_SHARE} where neither is said`,
      readPercent,
    )
    .option('--wait', 'until they are delivered or dead again; so it is on a terminal')
    .option('--no-wait', 'end when they are on their queues')
    .option('--json', 'plan and report as one document, for machines')
    .addHelpText(
      'after',
      `
Say which: ids, a filter, or --all. The workers run it, so it goes on whatever becomes of this terminal. What it puts
back is mapped by the rules that its plan was shown with, whichever worker sends it. Which rules take an event is for
the workers' own filters to say: let them have the mended configuration first.
What dies meanwhile, or again, is not replayed in a circle: the newest letter of the beginning is the last.
Replayed events wait behind live ones. Their identity stays, so that what is there the same is billed once. The APIs
are asked first: what they hold under the same id with another code, subscription, customer, time or content would
be billed twice, or never. Then nothing is done until --send-again says their exact number; --yes does not.
What may have arrived goes as it was sent, whatever the rules say now. To map it anew, make sure that its API does
not have it, and say --remap-sent with its id: both mappings are shown beside each other before anything is done.
What came with an event's own write key that no source has is nobody's: --as-source says whose it is. Its event goes
by that source's privacy and rules, and is counted there.
Each replay is remembered: meterbridge replays list. A stopped one goes on: meterbridge replays resume.

Examples:
  meterbridge dead-letters replay --reason unmapped --dry-run
  meterbridge dead-letters replay --reason unmapped --since 24h --share 20
  meterbridge dead-letters replay ${EXAMPLE}/1795225509287-0 --yes
  meterbridge dead-letters replay --all --yes --wait --json | jq .replay

Exit codes: 0 done (letters that were left are told, and no error), 1 not done, refused, stopped, no longer watched,
or with --wait something is dead again, 2 wrong usage.`,
    )
    .action(replayDeadLetters);
}
