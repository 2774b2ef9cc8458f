// What `npm pack` runs before and after it makes the package: node packages/tooling/pack.mjs <before|after>.

import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setUp } from './set-up.mjs';

const ROOT = resolve(import.meta.dirname, '../..');
/** Which commit the package is of; only in the package. */
const REVISION = join(ROOT, 'REVISION');

if (process.argv[2] === 'after') rmSync(REVISION, { force: true });
else {
  process.exitCode = await setUp(ROOT);
  const revision = process.env.METERBRIDGE_REVISION || readRevision();
  if (revision) writeFileSync(REVISION, `${revision}\n`);
}

/** @returns {string | undefined} the commit, with `-dirty` where files differ from it; undefined outside a repository */
function readRevision() {
  const git = spawnSync('git', ['describe', '--always', '--dirty', '--abbrev=12', '--exclude', '*'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  return git.status === 0 ? git.stdout.trim() : undefined;
}
