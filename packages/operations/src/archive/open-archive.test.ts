import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { openArchive, ReadError } from './open-archive.js';

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}

async function open(bytes: Buffer | string, size: number) {
  const lines: unknown[] = [];
  let problem: string | undefined;
  try {
    for await (const some of openArchive('a', () => {}, inPieces(Buffer.from(bytes as string), size)))
      lines.push(...some);
  } catch (error) {
    expect(error).toBeInstanceOf(ReadError);
    problem = (error as Error).message;
  }
  return { lines: lines.filter((line) => line !== ''), problem };
}

const CALL = '{"type":"track","event":"a"}';
const PRETTY = JSON.stringify([{ a: 1 }, { a: 2 }, { a: 3 }], null, 2);

describe.each([1, 5, 10_000])('read %d bytes at a time', (size) => {
  test.each<[string, string, string[]]>([
    ['a call a line', `${CALL}\n${CALL}\n`, [CALL, CALL]],
    ['a single call without an end', CALL, [CALL]],
    ['lists, one a line', `[${CALL},${CALL}]\n[${CALL}]`, [`[${CALL},${CALL}]`, `[${CALL}]`]],
    ['a list in one line', `[${CALL},${CALL},${CALL}]`, [`[${CALL},${CALL},${CALL}]`]],
    ['a byte order mark', `\u{feff}${CALL}\n`, [`\u{feff}${CALL}`]],
    ['blank lines before it', `\n \n${CALL}\n`, [' ', CALL]],
    ['one bad line at its beginning', `{"type":"tra\n${CALL}\n`, ['{"type":"tra', CALL]],
    ['bad lines behind a good one', `${CALL}\nx\ny\n`, [CALL, 'x', 'y']],
    ['nothing', '', []],
    ['nothing but blanks', '\n \n', [' ']],
  ])('%s is read, gzip or not', async (_, text, lines) => {
    expect(await open(text, size)).toEqual({ lines, problem: undefined });
    expect(await open(gzipSync(text), size)).toEqual({ lines, problem: undefined });
  });

  test.each<[string, Buffer | string, string]>([
    ['a list over several lines', PRETTY, 'it is JSON over several lines'],
    ['a list with a call a line', `[${CALL},\n${CALL},\n${CALL}]`, 'it is JSON over several lines'],
    ['a list with brackets of their own lines', `[\n${CALL},\n${CALL},\n${CALL}\n]\n`, "jq -c '.[]'"],
    [
      'one call over several lines',
      JSON.stringify({ type: 'track', event: 'a' }, null, 2),
      'it is JSON over',
    ],
    ['CSV', 'type,event,userId\ntrack,API Call,u1\n', 'its first lines are not JSON'],
    ['CSV with quotes', '"type","event"\n"track","a"\n', 'its first lines are not JSON'],
    ['numbers', '1\n2\n', 'its first lines are not JSON'],
    ['prose', 'What this folder holds.', 'its first lines are not JSON'],
    ['no text at all', Buffer.from([0, 1, 0xff, 0xfe, 10, 0xff, 0xff]), 'it is no text'],
    ['zstd', Buffer.from('28b52ffd0458', 'hex'), 'it is compressed with zstd'],
    ['a ZIP archive', Buffer.from('504b03041400', 'hex'), 'it is a ZIP archive'],
    ['Parquet', Buffer.from('PAR1\x15\x04'), 'it is a Parquet file'],
  ])('%s is refused whole, gzip or not', async (_, bytes, problem) => {
    expect(await open(bytes, size)).toEqual({ lines: [], problem: expect.stringContaining(problem) });
    expect(await open(gzipSync(bytes), size)).toEqual({
      lines: [],
      problem: expect.stringContaining(problem),
    });
  });
});

test('a line that is too long is named by its length', async () => {
  const { problem } = await open(`[${CALL.padEnd(1_100_000)}]`, 65_536);
  expect(problem).toMatch(/^it begins with a line of 1\d{6} bytes/);
});
