import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { readBuild } from '@meterbridge/telemetry/build';
import { howToRun } from './hint.js';

test.each([
  ['by itself', undefined, 'meterbridge audit'],
  ["by a clone's script", 'demo', 'npm run -s meterbridge -- audit'],
])('run %s', (_, script, words) => {
  expect(howToRun('audit', { npm_lifecycle_event: script })).toBe(words);
});

test('run from a package that lies here', () => {
  const [here, folder] = [process.cwd(), mkdtempSync(join(tmpdir(), 'meterbridge-hint-'))];
  const tarball = `meterbridge-${readBuild().version}.tgz`;
  writeFileSync(join(folder, tarball), '');
  process.chdir(folder);
  try {
    expect(howToRun('audit', { npm_lifecycle_event: 'npx' })).toBe(`npx ./${tarball} audit`);
  } finally {
    process.chdir(here);
    rmSync(folder, { recursive: true });
  }
});
