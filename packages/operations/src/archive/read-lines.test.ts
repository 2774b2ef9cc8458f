import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { type Line, readLines } from './read-lines.js';

const MOST = 64;

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}

async function linesOf(bytes: Buffer, size: number): Promise<Line[]> {
  const lines: Line[] = [];
  for await (const some of readLines(inPieces(bytes, size), MOST)) lines.push(...some);
  return lines;
}

const bad = Buffer.from([0x61, 0xff, 0x62]);
const long = 'x'.repeat(MOST + 1);

describe.each([1, 2, 7, 10_000])('read %d bytes at a time', (size) => {
  test.each<[string, Buffer | string, Line[]]>([
    ['nothing', '', []],
    ['one line without an end', 'a', ['a']],
    ['lines with and without text', 'a\n\nb\n', ['a', '', 'b']],
    ['a last line without an end', 'a\nbc', ['a', 'bc']],
    ['characters of several bytes', 'é€😀\n😀', ['é€😀', '😀']],
    [
      'bytes that are no text, between others',
      Buffer.concat([Buffer.from('é\n'), bad, Buffer.from('\nb\n')]),
      ['é', { problem: 'not UTF-8', bytes: 3 }, 'b'],
    ],
    [
      'a line that is too long, between others',
      `a\n${long}\nb\n`,
      ['a', { problem: 'too long', bytes: MOST + 1 }, 'b'],
    ],
    ['the longest that is taken', `${'x'.repeat(MOST)}\nb`, ['x'.repeat(MOST), 'b']],
    ['a last one that is too long', `a\n${long}`, ['a', { problem: 'too long', bytes: MOST + 1 }]],
  ])('%s, gzip or not', async (_name, text, expected) => {
    const bytes = Buffer.from(text as string);
    expect(await linesOf(bytes, size)).toEqual(expected);
    expect(await linesOf(gzipSync(bytes), size)).toEqual(expected);
  });
});

test('several gzip members in one file are one text', async () => {
  const bytes = Buffer.concat([gzipSync('a\nb'), gzipSync('c\nd\n')]);
  expect(await linesOf(bytes, 5)).toEqual(['a', 'bc', 'd']);
});

test('a file that is cut off gives what stands before, and then says so', async () => {
  const text = Array.from({ length: 50_000 }, (_, n) => `line ${n} ${Math.sin(n)}`).join('\n');
  const whole = gzipSync(text);
  const lines: Line[] = [];
  const read = async () => {
    for await (const some of readLines(inPieces(whole.subarray(0, whole.length / 2), 4_096), MOST))
      lines.push(...some);
  };
  await expect(read()).rejects.toThrow('unexpected end of file');
  expect(lines.length).toBeGreaterThan(1_000);
  expect(lines).toEqual(text.split('\n').slice(0, lines.length));
});
