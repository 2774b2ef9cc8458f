import {
  askForRest,
  isAsPlanned,
  resumeReplay as letGoOn,
  listReplays,
  showReplay as lookAtReplay,
  type Operations,
  type Replay,
  readReplay,
  stopReplay,
} from '@meterbridge/operations';
import type { Command } from 'commander';
import { withOperations } from '../../load-context.js';
import { countRow } from '../../terminal/count-row.js';
import { type LetGoOptions, letGo } from '../../terminal/let-go.js';
import { print, printNote } from '../../terminal/print.js';
import { readCount } from '../../terminal/read-arguments.js';
import { sayHeld } from '../../terminal/say-held.js';
import { type TableOptions, tableWidth } from '../../terminal/table.js';
import { addWideOption } from '../../terminal/wide-option.js';
import { watched } from '../../terminal/work.js';
import { isoTime, renderReplay, renderReplays } from './render.js';
import { type WatchOptions, watchInTerminal } from './watch.js';

type Options = { json?: boolean };
type ResumeOptions = WatchOptions & LetGoOptions;

/** Prints all replays that are remembered, the newest first. */
export async function listAllReplays({ json, wide }: Options & TableOptions): Promise<void> {
  const replays = await withOperations(listReplays);
  if (json) {
    const lines = replays.map(({ replay, replayed }) => ({ ...toJson(replay), replayed }));
    return print(JSON.stringify(lines, null, 2));
  }
  print(replays.length === 0 ? 'No replay is remembered.' : renderReplays(replays, tableWidth({ wide })));
}

/** Prints one in full: what it was told, how far it came, and what became of what it put back. */
export async function showReplay(id: string, options: Options): Promise<void> {
  await withOperations((ops) => show(ops, id, options));
}

async function show(ops: Operations, id: string, options: Options): Promise<void> {
  const { replay, summary } = await lookAtReplay(ops, id);
  if (options.json) return print(JSON.stringify({ ...toJson(replay), ...summary }, null, 2));
  print(renderReplay(replay, summary));
}

/** Makes a running one stop after what it has in hand, and waits until it has. */
export async function stopRunning(id: string, options: Options): Promise<void> {
  await withOperations(async (ops) => {
    await stopReplay(ops, id);
    await show(ops, id, options);
  });
}

/**
 * Lets a stopped one go on, with the rules of now. What is left is asked for anew where those map otherwise than its
 * plan did.
 */
export async function resumeReplay(id: string, options: ResumeOptions): Promise<void> {
  await withOperations(async (ops) => {
    const replay = await readReplay(ops, id);
    if (!isAsPlanned(ops, replay)) {
      const held = await watched((work) => askForRest(ops, replay, options, work));
      if (!options.json) {
        for (const { events, words } of sayHeld(held)) printNote(countRow(events, words));
      }
      await letGo(held, options);
    }
    await letGoOn(ops, replay);
    if (!options.json) printNote(`Replay ${id} goes on. Ctrl-C ends only the watching.`);
    await watchInTerminal(ops, id, options);
  });
}

/** Times as text; what was given, as it was given. */
function toJson({ startedAt, endedAt, ...replay }: Replay) {
  return { ...replay, startedAt: isoTime(startedAt), endedAt: endedAt === null ? null : isoTime(endedAt) };
}

/** `meterbridge replays` */
export function addReplays(program: Command): void {
  const replays = program
    .command('replays')
    .description('replays of dead letters: which there were, how far they came; to stop and resume them')
    .addHelpText(
      'after',
      `
A replay is begun with: meterbridge dead-letters replay. Workers run it: one whose worker is killed is taken by another
within seconds. The last hundred are remembered.

Examples:
  meterbridge replays list
  meterbridge replays show 12
  meterbridge replays stop 12
  meterbridge replays resume 12 --wait

Exit codes: 0 done, 1 there is none, it cannot be resumed, or it did not come to its end, 2 wrong usage.`,
    );
  const explain = (example: string, exitCodes: string) =>
    `\nExample:\n  meterbridge replays ${example}\n\nExit codes: ${exitCodes}, 2 wrong usage.`;
  addWideOption(replays.command('list').description('the newest first'))
    .option('--json', 'one document, for machines')
    .addHelpText('after', explain('list --json | jq \'.[] | select(.state == "stopped") | .id\'', '0 done'))
    .action(listAllReplays);
  replays
    .command('show <id>')
    .description('how far it came, and what became of what it put back')
    .option('--json', 'for machines')
    .addHelpText('after', explain('show 12', '0 done, 1 there is no such replay'))
    .action(showReplay);
  replays
    .command('stop <id>')
    .description('make a running one stop after what it has in hand')
    .option('--json', 'for machines')
    .addHelpText('after', explain('stop 12', '0 it runs no more, 1 there is no such replay'))
    .action(stopRunning);
  replays
    .command('resume <id>')
    .description('go on with one that was stopped, at its pace, with the configuration of now')
    .option('--wait', 'until what it put back is delivered or dead again; so it is on a terminal')
    .option('--no-wait', 'end when everything is on its queue')
    .option(
      '--send-again <n>',
      'where the rules have changed since: so many, exactly, although they are there already as something else',
      readCount,
    )
    .option('--check-all', 'the same: ask the APIs for every event, however many reads that takes')
    .option('--yes', 'the same: do not ask where the APIs could not be asked for all')
    .option('--json', 'for machines')
    .addHelpText(
      'after',
      explain(
        'resume 12 --wait',
        '0 done, 1 there is none, it runs or is done, it was refused, stopped or no longer watched, or with --wait something is dead again',
      ),
    )
    .action(resumeReplay);
}
