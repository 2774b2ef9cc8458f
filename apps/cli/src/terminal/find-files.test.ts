import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { findFiles } from './find-files.js';

let root = '';
const FILES = [
  'logs/a/1.gz',
  'logs/a/2.gz',
  'logs/b/1.gz',
  'logs/b/notes.txt',
  'logs/c[1].ndjson',
  'one.json',
  'usage-stream-1-2026-08-01-00-00',
  'named/b.json',
  'named/c.json.GZ',
  'named/d.log',
  'named/e.gzip',
  'named/f.txt',
  'named/.hidden',
];

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'meterbridge-files-'));
  for (const file of FILES) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), '');
  }
  symlinkSync(join(root, 'one.json'), join(root, 'named/link'));
  symlinkSync(join(root, 'nowhere'), join(root, 'named/lost'));
});

afterAll(() => rmSync(root, { recursive: true }));

test.each<[string, string[], string[]]>([
  ['a file', ['one.json'], ['one.json']],
  ['any file that is named', ['logs/b/notes.txt'], ['logs/b/notes.txt']],
  [
    'a folder: all that is in it, in order',
    ['logs'],
    ['logs/a/1.gz', 'logs/a/2.gz', 'logs/b/1.gz', 'logs/b/notes.txt', 'logs/c[1].ndjson'],
  ],
  [
    "a folder of files without an archive's name",
    ['named'],
    [
      'named/.hidden',
      'named/b.json',
      'named/c.json.GZ',
      'named/d.log',
      'named/e.gzip',
      'named/f.txt',
      'named/link',
      'named/lost',
    ],
  ],
  ['a file without an extension', ['usage-stream*'], ['usage-stream-1-2026-08-01-00-00']],
  ['a folder with a slash', ['logs/a/'], ['logs/a/1.gz', 'logs/a/2.gz']],
  ['a pattern of one folder', ['logs/a/*.gz'], ['logs/a/1.gz', 'logs/a/2.gz']],
  ['a pattern over folders', ['logs/*/1.gz'], ['logs/a/1.gz', 'logs/b/1.gz']],
  ['a pattern of any depth', ['**/*.gz'], ['logs/a/1.gz', 'logs/a/2.gz', 'logs/b/1.gz']],
  ['one character', ['logs/?/2.gz'], ['logs/a/2.gz']],
  ['half a name', ['lo*/a/1*'], ['logs/a/1.gz']],
  ['brackets as they are', ['logs/c[1].*'], ['logs/c[1].ndjson']],
  ['several, each once', ['logs/a/1.gz', 'logs/a'], ['logs/a/1.gz', 'logs/a/2.gz']],
])('%s', (_, patterns, files) => {
  const found = findFiles(
    patterns.map((pattern) => (pattern.endsWith('/') ? `${join(root, pattern)}` : join(root, pattern))),
  );
  expect(found).toEqual(files.map((file) => join(root, file)));
});

test.each([['nothing.gz'], ['nowhere/*.gz'], ['logs/*.gz'], ['logs/d']])(
  '%s names nothing, and says so',
  (pattern) => {
    expect(() => findFiles([join(root, 'one.json'), join(root, pattern)])).toThrow(
      `no archive at ${join(root, pattern)}`,
    );
  },
);
