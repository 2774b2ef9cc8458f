import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

const ROOT = join(import.meta.dirname, '../../..');
const RELEASED = join(ROOT, 'packages/tooling/released.json');

const git = (...args: string[]) => spawnSync('git', args, { cwd: ROOT, encoding: 'utf8' });

test('the released version is a commit of the history, which calls itself that', () => {
  const { version, commit } = JSON.parse(readFileSync(RELEASED, 'utf8')) as Record<string, string>;
  expect(commit).toMatch(/^[0-9a-f]{40}$/);
  if (git('cat-file', '-e', `${commit}^{commit}`).status !== 0) {
    console.log('skipped: this folder has no history');
    return;
  }
  expect(git('merge-base', '--is-ancestor', commit!, 'HEAD').status).toBe(0);
  expect(JSON.parse(git('show', `${commit}:package.json`).stdout)).toMatchObject({ version });
});
