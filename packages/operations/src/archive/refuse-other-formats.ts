import { readBody } from '@meterbridge/segment-events';
import type { Line } from './read-lines.js';

/** Neither a bound is reached by a question that asks only whether a line is JSON. */
const BOUNDS = { events: Number.POSITIVE_INFINITY, sharedBytes: Number.POSITIVE_INFINITY };

/** How files of other kinds begin. */
const SIGNATURES: readonly [string, string][] = [
  ['28b52ffd', 'it is compressed with zstd'],
  ['425a68', 'it is compressed with bzip2'],
  ['fd377a585a', 'it is compressed with xz'],
  ['504b0304', 'it is a ZIP archive'],
  ['50415231', 'it is a Parquet file'],
  ['4f626a01', 'it is an Avro file'],
];

/**
 * Names a file that is no archive by how it begins; undefined where that says nothing.
 * @param head its first bytes, decompressed
 */
export function findOtherFormat(head: Buffer): string | undefined {
  const hex = head.toString('hex');
  const found = SIGNATURES.find(([signature]) => hex.startsWith(signature));
  return found && `${found[1]}; expected NDJSON, a call a line, gzip'd or not`;
}

/**
 * Passes lines on where they are NDJSON, and throws where they are something else (a list over several lines, CSV,
 * prose): taken line by line, most of it would be dead letters, and the rest would be billed. One bad line is no
 * reason; a second one at the beginning is.
 */
export async function* refuseOtherFormats(
  batches: AsyncIterable<readonly Line[]>,
): AsyncGenerator<readonly Line[]> {
  const held: (readonly Line[])[] = [];
  let isKnown = false;
  let bad: Line | undefined;
  for await (const lines of batches) {
    if (!isKnown) {
      for (const line of lines.filter(hasText)) {
        isKnown = isJson(line);
        if (isKnown) break;
        if (bad !== undefined) throw new OtherFormatError(describe(bad));
        bad = line;
      }
      held.push(lines);
      if (!isKnown) continue;
      yield* held.splice(0);
    } else yield lines;
  }
  if (bad !== undefined && !isKnown) throw new OtherFormatError(describe(bad));
  yield* held;
}

/** A file that is no NDJSON. */
export class OtherFormatError extends Error {
  override name = 'OtherFormatError';
  readonly code = 'other_format';
}

function hasText(line: Line): boolean {
  return typeof line !== 'string' || line.trim() !== '';
}

function isJson(line: Line): boolean {
  if (typeof line !== 'string') return false;
  const reading = readBody(line, BOUNDS);
  return reading.ok || reading.code !== 'invalid_json';
}

function describe(line: Line): string {
  const expected = 'expected a call a line';
  if (typeof line !== 'string') {
    return line.problem === 'too long'
      ? `it begins with a line of ${line.bytes} bytes; ${expected}`
      : `it is no text; ${expected}`;
  }
  return /^\s*\ufeff?\s*[[{]/.test(line)
    ? `it is JSON over several lines; ${expected} (jq -c '.[]' makes them of a list)`
    : `its first lines are not JSON; ${expected}`;
}
