import { exportLetters, type LetterFilter, readFilter } from '@meterbridge/operations';
import { withOperations } from '../../load-context.js';
import { grouped } from '../../terminal/grouped.js';
import { createLineWriter } from '../../terminal/line-writer.js';
import { printNote } from '../../terminal/print.js';
import { interruptible } from '../../terminal/work.js';

/** Writes dead letters to standard output, one a line, with all that is known of them. */
export async function exportToOutput(ids: string[], options: LetterFilter): Promise<void> {
  const filter = readFilter(options, ids);
  const out = createLineWriter(process.stdout);
  const { letters, isStopped } = await withOperations((ops) =>
    interruptible(async (work) => {
      const letters = await exportLetters(ops, filter, (line) => out.write(line), work);
      await out.end();
      return { letters, isStopped: work.signal.aborted };
    }),
  );
  if (isStopped) process.exitCode = 1;
  const count = grouped(letters);
  printNote(
    isStopped ? `Stopped: ${count} letters exported, not all of them.` : `${count} letters exported.`,
  );
}
