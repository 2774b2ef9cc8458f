import { isUtf8 } from 'node:buffer';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

/** What stands in a line: its text without its end, or why it has none. */
export type Line = string | { problem: 'not UTF-8' | 'too long'; bytes: number };

const NEWLINE = 0x0a;
/** Decompressed at once: smaller ones cost time, larger ones memory. */
const PIECE_BYTES = 64 * 1024;

/**
 * The lines of a text, gzip'd or not, some at a time: a piece of it and a line are in memory, however long a line
 * is. Throws what reading or decompressing throws, after all lines before.
 * @param mostBytes a longer line has no text
 */
export async function* readLines(
  input: AsyncIterable<Buffer>,
  mostBytes: number,
): AsyncGenerator<readonly Line[]> {
  /** The beginning of a line whose end has not come; only its length, once it is too long. */
  let begun: Buffer[] = [];
  let begunBytes = 0;
  const keep = (bytes: Buffer) => {
    begunBytes += bytes.length;
    if (begunBytes > mostBytes) begun = [];
    else if (bytes.length > 0) begun.push(bytes);
  };
  const endLine = (): Line => {
    const line = toLine(Buffer.concat(begun), begunBytes, mostBytes);
    begun = [];
    begunBytes = 0;
    return line;
  };
  for await (const piece of decompress(input)) {
    const last = piece.lastIndexOf(NEWLINE);
    if (last === -1) {
      keep(piece);
      continue;
    }
    const first = piece.indexOf(NEWLINE);
    keep(piece.subarray(0, first));
    const lines = [endLine()];
    if (last > first)
      for (const line of splitLines(piece.subarray(first + 1, last), mostBytes)) lines.push(line);
    keep(piece.subarray(last + 1));
    yield lines;
  }
  if (begunBytes > 0) yield [endLine()];
}

/** Whole lines. Decoded carelessly, two ids that differ in a broken byte would become one. */
function splitLines(bytes: Buffer, mostBytes: number): Line[] {
  if (isUtf8(bytes) && bytes.length <= mostBytes) return bytes.toString('utf8').split('\n');
  const lines: Line[] = [];
  for (let from = 0; from <= bytes.length; ) {
    const end = bytes.indexOf(NEWLINE, from);
    const line = bytes.subarray(from, end === -1 ? bytes.length : end);
    lines.push(toLine(line, line.length, mostBytes));
    from += line.length + 1;
  }
  return lines;
}

function toLine(bytes: Buffer, length: number, mostBytes: number): Line {
  if (length > mostBytes) return { problem: 'too long', bytes: length };
  return isUtf8(bytes) ? bytes.toString('utf8') : { problem: 'not UTF-8', bytes: length };
}

/** Told by its first two bytes, whatever it is called. */
async function* decompress(input: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const pieces = input[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  while (head.length < 2) {
    const { done, value } = await pieces.next();
    if (done) break;
    head = Buffer.concat([head, value]);
  }
  const whole = (async function* () {
    try {
      if (head.length > 0) yield head;
      yield* { [Symbol.asyncIterator]: () => pieces };
    } finally {
      // Whoever stops early, even within the first piece, lets go of the input.
      await pieces.return?.();
    }
  })();
  if (head[0] !== 0x1f || head[1] !== 0x8b) {
    yield* whole;
    return;
  }
  const source = Readable.from(whole);
  const gunzip = createGunzip({ chunkSize: PIECE_BYTES });
  // `pipe` does not pass it on; what fails comes out where it is read.
  source.on('error', (error) => gunzip.destroy(error));
  try {
    yield* source.pipe(gunzip);
  } finally {
    source.destroy();
  }
}
