import { configFile } from '@meterbridge/config';
import { readEventOf } from '@meterbridge/operations';
import type { Command } from 'commander';
import { isForPeople, readCommandEnv } from '../../load-context.js';
import { untilSignal } from '../../terminal/interruption.js';
import { printNote } from '../../terminal/print.js';
import { watchFiles } from '../../terminal/watch-files.js';
import { look, type Wanted } from './look.js';
import { type ComparisonOptions, compareOver } from './run-comparison.js';

type PreviewOptions = ComparisonOptions & {
  index: number;
  last?: number | true;
  deadLetter?: string;
  watch?: boolean;
  ask?: boolean;
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
  const unwatch = watchFiles(watched, () => looking.then(lookAgain));
  const looking = lookAgain();
  await looking;
  printNote(`Watching ${watched.join(' and ')}. Ctrl-C ends it.`);
  await untilSignal();
  unwatch();
}

/** What cannot be meant, in words. */
function findMisuse(file: string | undefined, options: PreviewOptions): string | undefined {
  const { last, deadLetter, allDeadLetters, archive, watch, ask } = options;
  const one = [file, last, deadLetter].filter((each) => each !== undefined).length;
  if (!allDeadLetters && !archive) {
    if (options.with !== undefined) return '--with needs --all-dead-letters or --archive';
    return one === 1
      ? undefined
      : 'say which event: a file, - for standard input, --last, or --dead-letter <id>; or --all-dead-letters';
  }
  if (ask) return '--ask is of single events';
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
