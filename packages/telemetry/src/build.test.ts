import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { describeBuild, installationFolder, readBuild } from './build.js';
import { createWorkerMetrics } from './create-metrics.js';

test('a clone is found from inside it, and its package.json says the version', () => {
  const folder = installationFolder();
  expect(existsSync(join(folder, 'pnpm-workspace.yaml'))).toBe(true);
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  expect(readBuild()).toMatchObject({ version, node: process.version });
});

test.each([
  [undefined, '0.1.0'],
  ['4f1c2d3e5a6b', '0.1.0 (4f1c2d3e5a6b)'],
])('with the revision %s a person reads %s', (revision, words) => {
  expect(describeBuild({ version: '0.1.0', revision, node: 'v20.19.0' })).toBe(words);
});

test.each([
  [undefined, 'meterbridge_build_info{version="0.1.0",node="v20.19.0"} 1'],
  ['4f1c', 'meterbridge_build_info{version="0.1.0",node="v20.19.0",revision="4f1c"} 1'],
])('metrics say the build with the revision %s', async (revision, line) => {
  const { text } = await createWorkerMetrics({ version: '0.1.0', revision, node: 'v20.19.0' }).render();
  expect(text.split('\n')).toContain(line);
});
