import { randomBytes } from 'node:crypto';
import { type HandRun, readStoreTime } from '@meterbridge/queue';
import type { Command } from 'commander';
import type { Redis } from 'ioredis';
import { CommandError } from '../load-context.js';
import { whoRuns } from '../who.js';

/** The option of a command that is remembered with the name of whoever ran it. */
export function addActorOption(command: Command): Command {
  return command.option('--as <name>', 'who is remembered for it (default: you, at this machine)');
}

/** What a run says of itself, in the order of Redis' time. */
export async function beginHandRun(
  redis: Redis,
  run: Omit<HandRun, 'run' | 'by'> & { as?: string | undefined },
): Promise<HandRun> {
  const { as, ...said } = run;
  const at = Math.floor(await readStoreTime(redis));
  return { run: `${at}-${randomBytes(4).toString('hex')}`, by: readWords('--as', as ?? whoRuns()), ...said };
}

const MAX_WORDS = 500;

/** What somebody says for those who come later. @throws CommandError where it says nothing, or too much */
export function readWords(option: string, text: string): string {
  const words = text.trim();
  if (words === '') throw new CommandError(`${option} has to say something, for those who come later`);
  if (words.length > MAX_WORDS) throw new CommandError(`${option} takes ${MAX_WORDS} characters at most`);
  return words;
}
