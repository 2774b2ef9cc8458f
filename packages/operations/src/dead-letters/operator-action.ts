import { randomBytes } from 'node:crypto';
import { type OperatorAction, readStoreTime } from '@meterbridge/queue';
import type { Operations } from '../open.js';
import { OperationError } from '../operation-error.js';

/** What an action of a person is remembered by, in the order of Redis' time. */
export async function beginAction(
  { redis, actor }: Pick<Operations, 'redis' | 'actor'>,
  action: Omit<OperatorAction, 'run' | 'by'>,
): Promise<OperatorAction> {
  const at = Math.floor(await readStoreTime(redis));
  return { run: `${at}-${randomBytes(4).toString('hex')}`, by: actor, ...action };
}

const MAX_WORDS = 500;

/**
 * What a person says for those who come later.
 * @param what the name of what they say, as they know it
 * @throws OperationError (`invalid_input`) where it says nothing, or too much
 */
export function readWords(what: string, text: string): string {
  const words = text.trim();
  if (words === '')
    throw new OperationError('invalid_input', `${what} has to say something, for those who come later`);
  if (words.length > MAX_WORDS)
    throw new OperationError('invalid_input', `${what} takes ${MAX_WORDS} characters at most`);
  return words;
}
