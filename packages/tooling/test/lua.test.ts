import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { writeScripts } from '../lua.mjs';

const QUEUE = join(import.meta.dirname, '../../queue/src');

let src: string;
beforeEach(() => {
  src = mkdtempSync(join(tmpdir(), 'meterbridge-lua-'));
  mkdirSync(join(src, 'room'));
});
afterEach(() => rmSync(src, { recursive: true }));

const write = (file: string, ...lines: string[]) => writeFileSync(join(src, file), lines.join('\n'));

test('the scripts that were built last are those of the files', () => {
  expect(readFileSync(join(QUEUE, 'scripts.generated.ts'), 'utf8')).toBe(writeScripts(QUEUE));
});

test('a script has its names, what it includes, and no comments', () => {
  write('held.lua', '-- How long.', 'local HELD_MS = 1');
  write(
    'room/one.lua',
    '-- Does something.',
    '--',
    '-- KEYS',
    '--   job: hash',
    '--   progress?: hash',
    '-- ARGV',
    '--   rev: of it',
    '--   ...letters: any number',
    '-- RESULT nothing',
    '-- @include ../held.lua',
    'if job then',
    '  -- Why.',
    '  return HELD_MS',
    'end',
  );
  const lua = [
    'local job = KEYS[1]',
    'local progress = KEYS[2]',
    'local rev = ARGV[1]',
    'local letters = {}',
    'for i = 2, #ARGV do letters[#letters + 1] = ARGV[i] end',
    'local HELD_MS = 1',
    'if job then',
    'return HELD_MS',
    'end',
  ].join('\n');
  const text = writeScripts(src);
  expect(text).toContain(JSON.stringify(lua));
  expect(text).toContain('"room/one"');
  expect(text).toContain('keys: ["job","progress?"]');
  expect(text).not.toContain('"held"');
});

test.each([
  ['a head without a result', ['-- KEYS', '--   job: hash', '-- ARGV', 'return 1'], /does not say/],
  [
    'a name for many before another',
    ['-- KEYS', '--   ...jobs: hashes', '--   ledger: hash', '-- ARGV', '-- RESULT 1', 'return 1'],
    /only the last name/,
  ],
])('%s is refused', (_, lines, message) => {
  write('one.lua', ...lines);
  expect(() => writeScripts(src)).toThrow(message);
});
