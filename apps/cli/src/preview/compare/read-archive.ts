import { createReadStream } from 'node:fs';
import { type Line, readLines } from '../../backfill/read-lines.js';

/** One line of an archive and where it stands, or why its file could not be read to its end. */
export type ArchivedLine = { place: string; line: Line } | { place: string; problem: string };

/** As a backfill has it: an event is 32 KB at most, and JSON may be written loosely. */
const MOST_LINE_BYTES = 1_048_576;

/**
 * Walks files of NDJSON, gzip'd or not, a piece in memory at a time. A file that is cut off or damaged is said,
 * and takes nothing of the others with it.
 * @param onBytes is told of what was read of the files, as they are stored
 */
export async function* readArchive(
  files: readonly string[],
  onBytes: (count: number) => void,
): AsyncGenerator<ArchivedLine> {
  for (const file of files) {
    let number = 0;
    try {
      for await (const lines of readLines(counted(createReadStream(file), onBytes), MOST_LINE_BYTES)) {
        for (const line of lines) {
          number += 1;
          yield { place: `${file}:${number}`, line };
        }
      }
    } catch (error) {
      yield { place: `${file}:${number + 1}`, problem: (error as Error).message };
    }
  }
}

async function* counted(
  input: AsyncIterable<Buffer>,
  onBytes: (count: number) => void,
): AsyncGenerator<Buffer> {
  for await (const chunk of input) {
    onBytes(chunk.length);
    yield chunk;
  }
}
