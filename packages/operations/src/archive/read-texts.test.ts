import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import { readTexts } from './read-texts.js';

function input(...chunks: (string | Buffer)[]): Readable {
  return Readable.from(
    chunks.map((chunk) => Buffer.from(chunk as string)),
    { objectMode: false },
  );
}

test('lines one by one, gzip or not; what is no text is no JSON', async () => {
  const bad = Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff]), Buffer.from('"}')]);
  const text = Buffer.concat([Buffer.from('{}\n\n'), bad, Buffer.from('\n[]')]);
  for (const bytes of [text, gzipSync(text)]) {
    expect(await Readable.from(readTexts(input(bytes))).toArray()).toEqual(['{}', '', 'not UTF-8', '[]']);
  }
});

test('whoever stops early lets go of the input', async () => {
  const lines = input(...Array<string>(1_000).fill('a\n'.repeat(100)));
  for await (const line of readTexts(lines)) {
    expect(line).toBe('a');
    break;
  }
  expect(lines.destroyed).toBe(true);
});
