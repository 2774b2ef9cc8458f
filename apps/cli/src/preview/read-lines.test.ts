import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import { readLines } from './read-lines.js';

/** In chunks of a few bytes, so that lines and characters are cut anywhere. */
function inChunks(bytes: Buffer, size: number): Readable {
  const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
    bytes.subarray(at * size, (at + 1) * size),
  );
  return Readable.from(chunks, { objectMode: false });
}

const cases: [string, string, string[]][] = [
  ['nothing', '', []],
  ['one line without an end', 'a', ['a']],
  ['lines with their ends', 'a\nb\n', ['a', 'b']],
  ['empty lines', '\n\na\n', ['', '', 'a']],
  ['Windows ends', 'a\r\nb\r\n', ['a', 'b']],
  ['characters of several bytes', 'é😀\n漢字', ['é😀', '漢字']],
];

test.each(cases)('%s, in chunks of any size, gzip or not', async (_, text, lines) => {
  for (const size of [2, 3, 7, 1_000]) {
    for (const bytes of [Buffer.from(text), gzipSync(text)]) {
      expect(await Readable.from(readLines(inChunks(bytes, size))).toArray()).toEqual(lines);
    }
  }
});

test('a gzip file may be several, one after the other', async () => {
  const bytes = Buffer.concat([gzipSync('a\nb'), gzipSync('c\nd\n')]);
  expect(await Readable.from(readLines(inChunks(bytes, 5))).toArray()).toEqual(['a', 'bc', 'd']);
});

test('what was cut off is told after what could be read', async () => {
  const text = Array.from({ length: 5_000 }, (_, n) => `line ${n} ${Math.sin(n)}`).join('\n');
  const cut = gzipSync(text).subarray(0, 30_000);
  const lines: string[] = [];
  await expect(
    (async () => {
      for await (const line of readLines(inChunks(cut, 1_000))) lines.push(line);
    })(),
  ).rejects.toThrow('unexpected end of file');
  expect(lines.length).toBeGreaterThan(100);
  expect(lines[100]).toBe(`line 100 ${Math.sin(100)}`);
});

test('whoever stops early lets go of the input', async () => {
  const input = inChunks(Buffer.from('a\n'.repeat(100_000)), 100);
  for await (const line of readLines(input)) {
    expect(line).toBe('a');
    break;
  }
  expect(input.destroyed).toBe(true);
});
