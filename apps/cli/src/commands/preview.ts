import { configFile } from '@meterbridge/config';
import type { Command } from 'commander';
import { CommandError, readCommandEnv } from '../load-context.js';
import { readStandardInput } from '../preview/find-subjects.js';
import { look, type Wanted } from '../preview/look.js';
import { watchFiles } from '../preview/watch-files.js';
import { readCount } from '../read-arguments.js';
import { untilSignal } from './up.js';

type PreviewOptions = {
  index: number;
  last?: number | true;
  deadLetter?: string;
  source?: string;
  json?: boolean;
  watch?: boolean;
};

/** Says what becomes of an event, and why, without sending it. Exit code 1 where it would be a dead letter. */
export async function preview(
  file: string | undefined,
  options: PreviewOptions,
  command: Command,
): Promise<void> {
  const wanted = await readWanted(file, options);
  if (!wanted) {
    command.error('error: say which event: a file, - for standard input, --last, or --dead-letter <id>', {
      exitCode: 2,
    });
  }
  if (!options.watch) {
    if (!(await look(wanted, options))) process.exitCode = 1;
    return;
  }
  const lookAgain = async () => {
    try {
      await look(wanted, options);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      console.error(error.message);
    }
  };
  const watched = [configFile(readCommandEnv(process.env))];
  if (wanted.where === 'file' && !wanted.input) watched.push(wanted.file);
  await lookAgain();
  console.error(`Watching ${watched.join(' and ')}. Ctrl-C ends it.`);
  const unwatch = watchFiles(watched, lookAgain);
  await untilSignal();
  unwatch();
}

/** One event, and only one way to name it; undefined where it is not so. */
async function readWanted(
  file: string | undefined,
  { index, last, deadLetter }: PreviewOptions,
): Promise<Wanted | undefined> {
  if ([file, last, deadLetter].filter((each) => each !== undefined).length !== 1) return undefined;
  if (last !== undefined) return { where: 'last', count: last === true ? 1 : last };
  if (deadLetter !== undefined) return { where: 'dead letter', id: deadLetter };
  // Read once: whoever watches cannot type it again.
  const input = file === '-' ? { input: await readStandardInput(index) } : {};
  return { where: 'file', file: file!, index, ...input };
}

/** `meterbridge preview` */
export function addPreview(program: Command): void {
  program
    .command('preview [event]')
    .description(
      'say what becomes of one event and why: privacy, rules, the request; sends nothing; exit code 1 when it would be a dead letter',
    )
    .option('--index <n>', 'which event of the file, from 1', readCount, 1)
    .option('--last [n]', 'the newest events in Redis: what waits, and dead letters', readCount)
    .option('--dead-letter <id>', 'a dead letter, as a replay would take it')
    .option('--source <name>', 'of which source it is; the first where left out')
    .option('--watch', 'again whenever the configuration or the event is saved')
    .option('--json', 'one line of JSON an event, for machines')
    .addHelpText(
      'after',
      `
[event] is a file, or - for standard input: JSON as clients and Segment send it (an event, a batch), or NDJSON;
gzip or not. For a file neither Redis nor any key is needed.

Exit codes: 0 it would be delivered or filtered, 1 it would be a dead letter, or there is no event, 2 wrong usage.

Examples:
  meterbridge preview event.json --watch
  pbpaste | meterbridge preview -
  meterbridge preview events.ndjson --index 3 --source backend
  meterbridge preview --last 5
  meterbridge preview --dead-letter lago/1795225509287-0`,
    )
    .action(preview);
}
