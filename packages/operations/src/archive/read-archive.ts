import { openArchive, ReadError } from './open-archive.js';
import type { Line } from './read-lines.js';

/** One line of an archive and where it stands, or why its file could not be read to its end. */
export type ArchivedLine = { place: string; line: Line } | { place: string; problem: string };

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
      for await (const lines of openArchive(file, onBytes)) {
        for (const line of lines) {
          number += 1;
          yield { place: `${file}:${number}`, line };
        }
      }
    } catch (error) {
      if (!(error instanceof ReadError)) throw error;
      yield { place: `${file}:${number + 1}`, problem: error.message };
    }
  }
}
