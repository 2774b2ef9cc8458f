import { createReadStream } from 'node:fs';
import { type Line, readLines } from './read-lines.js';
import { findOtherFormat, refuseOtherFormats } from './refuse-other-formats.js';

/** An event is 32 KB at most, and JSON may be written loosely. */
const MOST_LINE_BYTES = 1_048_576;

/** Instead of a file's name. */
export const STANDARD_INPUT = '-';

/** A file that is damaged, cut off, of another kind, or that cannot be opened. */
export class ReadError extends Error {
  override name = 'ReadError';
  readonly code = 'unreadable';
}

/**
 * The lines of a file of NDJSON, gzip'd or not by its first bytes, a piece in memory at a time.
 * @param input what to read instead of the file of that name
 * @param onBytes is told of what was read of the file, as it is stored
 * @throws ReadError after all lines before; before any line where it is no NDJSON
 */
export async function* openArchive(
  file: string,
  onBytes: (count: number) => void,
  input: AsyncIterable<Buffer> = createReadStream(file),
): AsyncGenerator<readonly Line[]> {
  try {
    yield* refuseOtherFormats(readLines(counted(input, onBytes), MOST_LINE_BYTES, findOtherFormat));
  } catch (error) {
    throw new ReadError((error as Error).message, { cause: error });
  }
}

async function* counted(
  input: AsyncIterable<Buffer>,
  onBytes: (count: number) => void,
): AsyncGenerator<Buffer> {
  for await (const piece of input) {
    onBytes(piece.length);
    yield piece;
  }
}
