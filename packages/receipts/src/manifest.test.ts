import { expect, test } from '@jest/globals';
import { type Manifest, parseManifest } from './manifest.js';

const MANIFEST: Manifest = {
  format: 1,
  number: 3,
  shard: 'lago@1',
  files: [
    {
      name: 'lago@1/1793491199500-0.parquet',
      rows: 3,
      bytes: 4_000,
      sha256: 'a'.repeat(64),
      firstEntry: '1793491199500-0',
      lastEntry: '1793491199700-2',
      eventFrom: 1_793_491_190_000,
      eventTo: 1_793_491_199_000,
      types: ['lago'],
      counts: { '498191/backend': { usage: { delivered: 2 }, '': { filtered: 7 } } },
    },
  ],
  gaps: [{ bucket: '498191/backend', deliveries: 4, filtered: 0, eventFrom: 1, eventTo: 2 }],
};

const parse = (changed: object) => () =>
  parseManifest(JSON.stringify({ ...MANIFEST, ...changed }), 'lago@1', 'manifest.json');

test('a manifest is read as it was written', () => {
  expect(parse({})()).toEqual(MANIFEST);
});

test.each([
  ['of a newer version', { format: 2, files: 'else' }, 'manifest_newer', 'format 2, of a newer version'],
  ['of another shard', { shard: 'lago' }, 'manifest_damaged', 'at shard'],
  ['without a format', { format: undefined }, 'manifest_damaged', 'at format'],
  ['with half a file', { files: [{ name: 'x' }] }, 'manifest_damaged', 'at files.0.rows'],
  [
    'with an outcome that there is not',
    { files: [{ ...MANIFEST.files[0], counts: { '1/a': { b: { lost: 1 } } } }] },
    'manifest_damaged',
    'at files.0.counts.1/a.b',
  ],
])('a manifest %s is an error', (_what, changed, code, words) => {
  expect(parse(changed)).toThrow(expect.objectContaining({ code, message: expect.stringContaining(words) }));
});

test.each([[''], ['{"format":1'], ['null'], ['[]']])('what is no manifest is an error: %j', (text) => {
  expect(() => parseManifest(text, 'lago', 'manifest.json')).toThrow(
    expect.objectContaining({ code: 'manifest_damaged' }),
  );
});
