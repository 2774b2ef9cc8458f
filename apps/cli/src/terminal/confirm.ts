import { createInterface } from 'node:readline/promises';
import { CommandError } from '../load-context.js';

/**
 * Asks before something is done; only `y` and `yes` are a yes.
 * @throws CommandError where nobody can be asked: `--yes` says it beforehand
 */
export async function confirm(question: string): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new CommandError('Nobody is there to ask: say --yes, or --dry-run to look only.');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim());
  } finally {
    terminal.close();
  }
}
