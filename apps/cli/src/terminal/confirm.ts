import { createInterface } from 'node:readline';
import { CommandError } from '../load-context.js';
import { print, printNote } from './print.js';
import { visible } from './visible.js';

/** Whether it may be done: `--yes` said so, or the answer does. Where not, says that nothing was: exit code 1. */
export async function confirmOrAbort(question: string, { yes = false }: { yes?: boolean }): Promise<boolean> {
  if (yes || (await confirm(question))) return true;
  print('Nothing was done.');
  process.exitCode = 1;
  return false;
}

/**
 * Asks before something is done; only `y` and `yes` are a yes. Ctrl-C and Ctrl-D are a no.
 * @throws CommandError where nobody can be asked: `--yes` says it beforehand
 */
export async function confirm(question: string): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new CommandError('Nobody is there to ask: say --yes, or --dry-run to look only.');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await new Promise<string | undefined>((resolve) => {
    terminal.once('close', () => resolve(undefined));
    terminal.question(`${visible(question)} [y/N] `, resolve);
  });
  terminal.close();
  if (answer === undefined) printNote();
  return /^y(es)?$/i.test(answer?.trim() ?? '');
}
