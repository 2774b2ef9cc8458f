import { configFile } from '@meterbridge/config';
import { readEventOf } from '@meterbridge/operations';
import type { Command } from 'commander';
import { isForPeople, readCommandEnv } from '../../load-context.js';
import { EXAMPLE } from '../../terminal/example.js';
import { printNote } from '../../terminal/print.js';
import { readCount } from '../../terminal/read-arguments.js';
import { untilSignal } from '../up/command.js';
import { look, type Wanted } from './look.js';
import { type ComparisonOptions, compareOver } from './run-comparison.js';
import { watchFiles } from './watch-files.js';

type PreviewOptions = ComparisonOptions & {
  index: number;
  last?: number | true;
  deadLetter?: string;
  watch?: boolean;
};

/**
 * Says what becomes of an event, and why, without sending it; or of all that is there, under a changed
 * configuration. Exit code 1 where it would be a dead letter, or where something is worse than before.
 */
export async function preview(
  file: string | undefined,
  options: PreviewOptions,
  command: Command,
): Promise<void> {
  const misuse = findMisuse(file, options);
  if (misuse) command.error(`error: ${misuse}`, { exitCode: 2 });
  if (options.allDeadLetters || options.archive) {
    if (!(await compareOver(options))) process.exitCode = 1;
    return;
  }
  const wanted = await readWanted(file, options);
  if (!options.watch) {
    if (!(await look(wanted, options))) process.exitCode = 1;
    return;
  }
  const lookAgain = async () => {
    try {
      await look(wanted, options);
    } catch (error) {
      if (!isForPeople(error)) throw error;
      printNote(error.message);
    }
  };
  const watched = [configFile(readCommandEnv(process.env))];
  if (wanted.where === 'file' && !wanted.input) watched.push(wanted.file);
  await lookAgain();
  printNote(`Watching ${watched.join(' and ')}. Ctrl-C ends it.`);
  const unwatch = watchFiles(watched, lookAgain);
  await untilSignal();
  unwatch();
}

/** What cannot be meant, in words. */
function findMisuse(file: string | undefined, options: PreviewOptions): string | undefined {
  const { last, deadLetter, allDeadLetters, archive, watch } = options;
  const one = [file, last, deadLetter].filter((each) => each !== undefined).length;
  if (!allDeadLetters && !archive) {
    if (options.with !== undefined) return '--with needs --all-dead-letters or --archive';
    return one === 1
      ? undefined
      : 'say which event: a file, - for standard input, --last, or --dead-letter <id>; or --all-dead-letters';
  }
  if (one > 0 || watch) return 'all dead letters and archives are compared by themselves, and once';
  return archive && options.with === undefined ? '--archive needs --with <changed configuration>' : undefined;
}

async function readWanted(
  file: string | undefined,
  { index, last, deadLetter }: PreviewOptions,
): Promise<Wanted> {
  if (last !== undefined) return { where: 'last', count: last === true ? 1 : last };
  if (deadLetter !== undefined) return { where: 'dead letter', id: deadLetter };
  // Read once: whoever watches cannot type it again.
  if (file !== '-') return { where: 'file', file: file!, index };
  const what = 'standard input';
  const input = { what, event: await readEventOf(what, index, process.stdin) };
  return { where: 'file', file, index, input };
}

/** `meterbridge preview` */
export function addPreview(program: Command): void {
  program
    .command('preview [event]')
    .description(
      'say what becomes of an event and why, or what a changed configuration does to all there are; sends nothing',
    )
    .option('--index <n>', 'which event of the file, from 1', readCount, 1)
    .option('--last [n]', 'the newest events in Redis: what waits, and dead letters', readCount)
    .option('--dead-letter <id>', 'a dead letter, as a replay would take it')
    .option('--source <name>', 'of which source it is; the first where left out')
    .option(
      '--all-dead-letters',
      'every dead letter: which could be delivered now, and which still could not',
    )
    .option('--with <file>', 'a changed configuration, to be compared with the one in use')
    .option(
      '--archive <files...>',
      "the same over a history: NDJSON, gzip or not; files, folders, 'patterns'",
    )
    .option('--samples <n>', 'how many are shown of each kind and reason', readCount, 2)
    .option('--watch', 'again whenever the configuration or the event is saved')
    .option('--wide', 'of a comparison every column, however wide the terminal is')
    .option('--json', 'a line of JSON an event, or one for a comparison')
    .addHelpText(
      'after',
      `
[event] is a file, or - for standard input: JSON as clients and Segment send it (an event, a batch), or NDJSON;
gzip or not. For a file neither Redis nor any key is needed.

A comparison sends and changes nothing: it is the proof of a change before it is deployed, and before a replay.

Exit codes: 0 it would be delivered or filtered, 1 it would be a dead letter, or there is no event; of a
comparison 1 where something is worse than before (newly failing, no longer delivered); 2 wrong usage.

Examples:
  meterbridge preview event.json --watch
  pbpaste | meterbridge preview -
  meterbridge preview events.ndjson --index 3 --source backend
  meterbridge preview --last 5
  meterbridge preview --dead-letter ${EXAMPLE}/1795225509287-0
  meterbridge preview --all-dead-letters --with changed.config.yaml
  meterbridge preview --archive 'segment-logs/**/*.gz' --with changed.config.yaml --source backend`,
    )
    .action(preview);
}
