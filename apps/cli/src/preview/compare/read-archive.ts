import { createReadStream } from 'node:fs';
import { readText, type WrittenEvent } from '../read-events.js';
import { readLines } from '../read-lines.js';

/** One event of an archive and where it stands, or what could not be read there. */
export type ArchivedEvent = { place: string; event: WrittenEvent } | { place: string; problem: string };

/**
 * Walks files of NDJSON, gzip'd or not, one line in memory at a time. What cannot be read is said and passed by.
 * @param onBytes is told of what was read of the files, as they are stored
 */
export async function* readArchive(
  files: readonly string[],
  onBytes: (count: number) => void,
): AsyncGenerator<ArchivedEvent> {
  for (const file of files) {
    let line = 0;
    try {
      for await (const text of readLines(counted(createReadStream(file), onBytes))) {
        line += 1;
        if (text.trim() === '') continue;
        const place = `${file}:${line}`;
        const events = readText(text);
        if (!events) yield { place, problem: 'not JSON' };
        else for (const event of events) yield { place, event };
      }
    } catch (error) {
      // A file that is cut off or damaged must not take the others with it.
      yield { place: `${file}:${line + 1}`, problem: (error as Error).message };
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
