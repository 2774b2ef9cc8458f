import { constants, gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { gunzip } from './gunzip.js';

const textOf = (lines: number) =>
  Buffer.from(Array.from({ length: lines }, (_, n) => `line ${n} ${Math.sin(n)}`).join('\n'));
const LARGE = textOf(4_000);
/** In few bytes at a time it takes its time; zipped it is still more than is fed at once. */
const SMALL = textOf(500);

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}

async function inflate(bytes: Buffer, size: number): Promise<{ text: string; error?: string }> {
  const output: Buffer[] = [];
  try {
    for await (const piece of gunzip(inPieces(bytes, size))) output.push(piece);
    return { text: Buffer.concat(output).toString() };
  } catch (error) {
    return { text: Buffer.concat(output).toString(), error: (error as Error).message };
  }
}

function changed(zipped: Buffer, at: number): Buffer {
  const bytes = Buffer.from(zipped);
  bytes[at]! ^= 0xff;
  return bytes;
}

describe.each([
  [7, SMALL],
  [4_096, LARGE],
  [gzipSync(LARGE).length, LARGE],
  [1_000_000, LARGE],
])('read %d bytes at a time', (size, TEXT) => {
  const ZIPPED = gzipSync(TEXT);

  test.each<[string, Buffer, Buffer]>([
    ['one member', ZIPPED, TEXT],
    ['several members', Buffer.concat([ZIPPED, ZIPPED]), Buffer.concat([TEXT, TEXT])],
    ['an empty member', gzipSync(''), Buffer.alloc(0)],
    ['zeros behind it, as a tape has them', Buffer.concat([ZIPPED, Buffer.alloc(600)]), TEXT],
  ])('%s is inflated whole', async (_, bytes, text) => {
    expect(await inflate(bytes, size)).toEqual({ text: text.toString() });
  });

  test.each<[string, Buffer, string]>([
    ['bytes behind its end', Buffer.concat([ZIPPED, Buffer.from('garbage')]), 'incorrect header check'],
    [
      'bytes behind zeros',
      Buffer.concat([ZIPPED, Buffer.alloc(40), Buffer.from('x')]),
      'something else stands behind its end',
    ],
    ['a wrong checksum', changed(ZIPPED, ZIPPED.length - 6), 'incorrect data check'],
    ['a wrong length', changed(ZIPPED, ZIPPED.length - 1), 'incorrect length check'],
    ['a cut in its trailer', ZIPPED.subarray(0, -3), 'unexpected end of file'],
    [
      'a second member that is damaged',
      Buffer.concat([ZIPPED, ZIPPED.subarray(0, 12)]),
      'unexpected end of file',
    ],
  ])('%s costs nothing of what stands before it', async (_, bytes, error) => {
    const inflated = await inflate(bytes, size);
    expect(inflated.error).toBe(error);
    expect(inflated.text === TEXT.toString()).toBe(true);
  });

  test('damage in the middle costs what stands behind it', async () => {
    const half = ZIPPED.subarray(0, ZIPPED.length / 2);
    const { text, error } = await inflate(Buffer.concat([half, Buffer.alloc(9, 0xff)]), size);
    expect(error).toBeDefined();
    // As much as a decompressor that is cut there can make of it.
    const cut = gunzipSync(half, { finishFlush: constants.Z_SYNC_FLUSH }).toString();
    expect(text.slice(0, cut.length) === cut).toBe(true);
    expect(text.length - cut.length).toBeLessThan(600);
    expect(cut.length).toBeGreaterThan(TEXT.length / 3);
  });
});

test('whoever stops early lets go of the input', async () => {
  let isClosed = false;
  const input = async function* () {
    try {
      for (;;) yield gzipSync(LARGE).subarray(0, 20_000);
    } finally {
      isClosed = true;
    }
  };
  for await (const piece of gunzip(input())) {
    expect(piece.length).toBeGreaterThan(0);
    break;
  }
  expect(isClosed).toBe(true);
});
