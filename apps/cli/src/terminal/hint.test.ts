import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { readBuild } from '@meterbridge/telemetry/build';
import { howToRun, listSteps } from './hint.js';

test('a command is typed by its name, and by npm where a script of a clone was', () => {
  expect(howToRun('check', {}, false)).toBe('meterbridge check');
  expect(howToRun('check', {}, true)).toBe('meterbridge check');
  expect(howToRun('check', { npm_lifecycle_event: 'demo' }, true)).toBe('npm run -s meterbridge -- check');
  expect(howToRun('up', { npm_lifecycle_event: 'demo' }, true)).toBe('npm start');
});

test('a package that lies here is run by its file', () => {
  const [here, folder] = [process.cwd(), mkdtempSync(join(tmpdir(), 'meterbridge-hint-'))];
  const tarball = `meterbridge-${readBuild().version}.tgz`;
  writeFileSync(join(folder, tarball), '');
  process.chdir(folder);
  try {
    expect(howToRun('audit', { npm_lifecycle_event: 'npx' }, false)).toBe(`npx -y ./${tarball} audit`);
  } finally {
    process.chdir(here);
    rmSync(folder, { recursive: true });
  }
});

test('what a step is for stands in a column', () => {
  expect(
    listSteps([
      ['a', 'one'],
      ['bcd', 'two'],
    ]),
  ).toEqual(['  a    one', '  bcd  two']);
});

test('where there is no room what a step is for stands below it', () => {
  const steps = [['meterbridge check', 'whether all is ready']] as const;
  expect(listSteps(steps, 41)).toHaveLength(1);
  expect(listSteps(steps, 40)).toEqual(['  meterbridge check', '      whether all is ready']);
});
