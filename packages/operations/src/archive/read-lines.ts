import { isUtf8 } from 'node:buffer';
import { gunzip } from './gunzip.js';

/** What stands in a line: its text without its end, or why it has none. */
export type Line = string | { problem: 'not UTF-8' | 'too long'; bytes: number };

const NEWLINE = 0x0a;

/**
 * The lines of a text, gzip'd or not, some at a time: a piece of it and a line are in memory, however long a line
 * is. Throws what reading or decompressing throws, after all lines before; a last one without its end is one of them
 * where it is whole JSON.
 * @param mostBytes a longer line has no text
 * @param findProblem says of the first bytes of the text why it is not read at all
 */
export async function* readLines(
  input: AsyncIterable<Buffer>,
  mostBytes: number,
  findProblem: (head: Buffer) => string | undefined = () => undefined,
): AsyncGenerator<readonly Line[]> {
  /** The beginning of a line whose end has not come; only its length, once it is too long. */
  let begun: Buffer[] = [];
  let begunBytes = 0;
  const addToLine = (bytes: Buffer) => {
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
  try {
    for await (const piece of checked(decompress(input), findProblem)) {
      const last = piece.lastIndexOf(NEWLINE);
      if (last === -1) {
        addToLine(piece);
        continue;
      }
      const first = piece.indexOf(NEWLINE);
      addToLine(piece.subarray(0, first));
      const lines = [endLine()];
      if (last > first)
        for (const line of splitLines(piece.subarray(first + 1, last), mostBytes)) lines.push(line);
      addToLine(piece.subarray(last + 1));
      yield lines;
    }
  } catch (error) {
    const line = endLine();
    if (typeof line === 'string' && isWhole(line)) yield [line];
    throw error;
  }
  if (begunBytes > 0) yield [endLine()];
}

/** Whether a line without its end is all of its JSON: an object that is cut off is none. */
function isWhole(line: string): boolean {
  if (!/^\s*[[{]/.test(line)) return false;
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
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
  const { head, whole } = await peek(input, 2);
  if (head[0] !== 0x1f || head[1] !== 0x8b) {
    yield* whole;
    return;
  }
  yield* gunzip(whole);
}

/** Longer than any signature of a file. */
const HEAD_BYTES = 8;

async function* checked(
  input: AsyncIterable<Buffer>,
  findProblem: (head: Buffer) => string | undefined,
): AsyncGenerator<Buffer> {
  const { head, whole, close } = await peek(input, HEAD_BYTES);
  const problem = findProblem(head);
  if (problem === undefined) {
    yield* whole;
    return;
  }
  await close();
  throw new Error(problem);
}

/** The first bytes of an input, at least `count` where there are so many, and all of it. */
async function peek(input: AsyncIterable<Buffer>, count: number) {
  const pieces = input[Symbol.asyncIterator]();
  const close = async () => void (await pieces.return?.());
  let head: Buffer = Buffer.alloc(0);
  while (head.length < count) {
    const { done, value } = await pieces.next();
    if (done) break;
    head = Buffer.concat([head, value]);
  }
  const whole = (async function* () {
    try {
      if (head.length > 0) yield head;
      yield* { [Symbol.asyncIterator]: () => pieces };
    } finally {
      // A reader that stops early, even within the first piece, closes the input.
      await close();
    }
  })();
  return { head, whole, close };
}
