import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { loadEnvFile } from './load-env-file.js';

const folder = mkdtempSync(join(tmpdir(), 'meterbridge-env-'));
afterAll(() => rmSync(folder, { recursive: true }));

const TEXT = 'FIRST=a\nSECOND="b c" # why\nGIVEN=file\n';

test.each([
  ['UTF-8', Buffer.from(TEXT)],
  ['UTF-8 with a byte order mark', Buffer.from(`\u{feff}${TEXT}`)],
  ['UTF-16, as PowerShell writes it', Buffer.from(`\u{feff}${TEXT}`, 'utf16le')],
  ['UTF-16, big-endian', Buffer.from(`\u{feff}${TEXT}`, 'utf16le').swap16()],
  ['lines that end as Windows ends them', Buffer.from(`\u{feff}${TEXT.replaceAll('\n', '\r\n')}`)],
])('reads %s, and leaves what is there', (_, bytes) => {
  const file = join(folder, '.env');
  writeFileSync(file, bytes);
  const env = { GIVEN: 'environment' };
  loadEnvFile(file, env);
  expect(env).toEqual({ FIRST: 'a', SECOND: 'b c', GIVEN: 'environment' });
});

test('no file is no variables', () => {
  const env = {};
  loadEnvFile(join(folder, 'none.env'), env);
  expect(env).toEqual({});
});
