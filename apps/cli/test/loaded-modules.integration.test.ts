import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

const CLI = fileURLToPath(new URL('../dist/main.js', import.meta.url));

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'meterbridge-loaded-'));
});

afterAll(() => {
  rmSync(directory, { recursive: true });
});

/** The libraries in those files of the bundle that a command has loaded. */
function librariesOf(...args: string[]): string[] {
  const coverage = mkdtempSync(join(directory, 'run-'));
  spawnSync(process.execPath, [CLI, ...args], {
    cwd: directory,
    env: { PATH: process.env.PATH, NODE_V8_COVERAGE: coverage },
  });
  const reports = readdirSync(coverage).map((file) => readFileSync(join(coverage, file), 'utf8'));
  const urls = reports.flatMap((text) =>
    (JSON.parse(text) as { result: { url: string }[] }).result.map(({ url }) => url),
  );
  const text = urls
    .filter((url) => url.startsWith('file:'))
    .map((url) => readFileSync(fileURLToPath(url), 'utf8'));
  // The bundler names the file that each part came from.
  const names = text.flatMap((each) => [
    ...each.matchAll(/node_modules\/((?:@[^/\s]+\/)?[^/.@\s][^/\s]*)\//g),
  ]);
  return [...new Set(names.map(([, name]) => name!))].toSorted();
}

test.each([
  [['--help']],
  [['--version']],
  [['audit', '--help']],
  [['dead-letters', 'list', '--help']],
  [['backfill', '--rate', 'none']],
  [['no-such-command']],
])('%j loads the reader of arguments and no other library', (args) => {
  expect(librariesOf(...args)).toEqual(['commander']);
});

test('what a command needs is loaded when it runs', () => {
  const loaded = librariesOf('schema');
  expect(loaded).toContain('zod');
  expect(loaded).not.toContain('bullmq');
});
