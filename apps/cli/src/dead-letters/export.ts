import { heedInterruption } from '../terminal/interruption.js';
import { createLineWriter } from '../terminal/line-writer.js';
import { startProgress } from '../terminal/progress.js';
import { type LetterFilter, readFilter } from './filter.js';
import { openLetters, walkLetters } from './open-letters.js';
import { writePortable } from './portable-letter.js';

/** Writes dead letters to standard output, one a line, with all that is known of them. */
export async function exportLetters(ids: string[], options: LetterFilter): Promise<void> {
  const filter = readFilter(options, ids);
  const box = await openLetters();
  const interruption = heedInterruption();
  const progress = startProgress('letters', await box.count(filter));
  const out = createLineWriter(process.stdout);
  let letters = 0;
  try {
    for await (const entry of walkLetters(box, filter)) {
      if (interruption.isAsked) break;
      await out.write(writePortable(entry));
      letters += 1;
      progress.add(1);
    }
    await out.end();
  } finally {
    progress.end();
    interruption.end();
    box.close();
  }
  if (interruption.isAsked) process.exitCode = 1;
  const count = letters.toLocaleString('en');
  console.error(
    interruption.isAsked
      ? `Stopped: ${count} letters exported, not all of them.`
      : `${count} letters exported.`,
  );
}
