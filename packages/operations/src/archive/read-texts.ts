import { readLines } from './read-lines.js';

/** More of one text than a person would paste is no event. */
export const MOST_TEXT_BYTES = 50_000_000;

/**
 * The lines of a text of JSON, gzip'd or not, one by one. A line that has no text, being too long or no UTF-8,
 * comes as these words, which are no JSON either. Throws what reading or decompressing throws.
 */
export async function* readTexts(input: AsyncIterable<Buffer>): AsyncGenerator<string> {
  for await (const lines of readLines(input, MOST_TEXT_BYTES)) {
    for (const line of lines) yield typeof line === 'string' ? line : line.problem;
  }
}
