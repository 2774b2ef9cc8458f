import type { Operations } from '../open.js';
import { isStopped, startCounting, type Work } from '../work.js';
import type { LetterFilter } from './filter.js';
import { writePortable } from './portable-letter.js';
import { countAtMost, readableOf, walkLetters } from './walk.js';

/**
 * Gives each letter as a line of JSON with all that is known of it, as `importLetters` reads it; none of a newer version.
 * @param write is awaited: it sets the pace
 * @returns how many were written; fewer than there are where the work was stopped
 * @throws as `walkLetters`
 */
export async function exportLetters(
  ops: Operations,
  filter: LetterFilter,
  write: (line: string) => Promise<void>,
  work: Work = {},
): Promise<number> {
  const progress = startCounting(work, 'letters', await countAtMost(filter, ops));
  let letters = 0;
  for await (const entry of readableOf(walkLetters(ops, filter), ops, 'exported', work)) {
    if (isStopped(work)) break;
    await write(writePortable(entry));
    letters += 1;
    progress.add(1);
  }
  return letters;
}
