import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openLogFile } from './log-file.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'meterbridge-log-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const read = (path: string) =>
  readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

test('a line of JSON stays as it is, any other becomes one; the file goes on with the next start', () => {
  const path = join(folder, 'new/up.log');
  const first = openLogFile(path);
  first.write('worker', '{"level":"info","msg":"worker.ready"}');
  first.close();
  const second = openLogFile(path);
  second.write('redis', 'Ready to accept connections');
  second.close();
  second.write('redis', 'too late');
  expect(read(path)).toEqual([
    { level: 'info', msg: 'worker.ready' },
    { name: 'redis', msg: 'Ready to accept connections' },
  ]);
});

test('beyond its size it begins anew, and keeps one before it', () => {
  const path = join(folder, 'up.log');
  const file = openLogFile(path, 100);
  for (let n = 0; n < 10; n += 1) file.write('worker', JSON.stringify({ n, text: 'x'.repeat(30) }));
  file.close();
  expect(read(path).at(-1)).toMatchObject({ n: 9 });
  expect(read(`${path}.1`).at(-1)).toMatchObject({ n: read(path)[0].n - 1 });
});
