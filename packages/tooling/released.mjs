// The last released version, for runs of it beside this tree: node packages/tooling/released.mjs
//
// Takes the commit that released.json names out of the clone's history (no tag is needed), sets it up as `npm start` would
// set up a clone, and prints its folder, which stays for the next time: one of the system's temporary files, since compilers
// and test runners look through all that lies within this one. What it does is said on stderr. With --check it only says
// whether that commit is in the clone: exit code 0, or 1 with a sentence.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');
const { version, commit } = JSON.parse(readFileSync(join(import.meta.dirname, 'released.json'), 'utf8'));

/** A folder of this user alone: what lies in it is run. */
function ownFolder() {
  const { uid } = userInfo();
  const folder = join(tmpdir(), `meterbridge-released-${uid}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (uid !== -1 && statSync(folder).uid !== uid) end(`cannot be set up: ${folder} is another user's`);
  return folder;
}

/** Another process of the same user may do the same: whoever is second finds it done. */
function unpack(folder) {
  if (existsSync(folder)) return;
  const part = `${folder}.${process.pid}`;
  mkdirSync(part, { recursive: true });
  try {
    const archive = run('git', ['archive', '--format=tar', '--output', `${part}.tar`, commit], ROOT);
    if (archive !== 0 || run('tar', ['-xf', `${part}.tar`, '-C', part], ROOT) !== 0)
      end('cannot be unpacked');
    if (!existsSync(folder)) renameSync(part, folder);
  } finally {
    rmSync(`${part}.tar`, { force: true });
    rmSync(part, { recursive: true, force: true });
  }
}

/** @returns {number | null} the exit code; standard output is for the folder alone */
function run(command, args, cwd) {
  return spawnSync(command, args, { cwd, stdio: ['ignore', process.stderr, process.stderr] }).status;
}

function isInClone() {
  return spawnSync('git', ['cat-file', '-e', `${commit}^{commit}`], { cwd: ROOT }).status === 0;
}

function end(why) {
  console.error(`Version ${version} (${commit.slice(0, 12)}) ${why}.`);
  process.exit(1);
}

if (!isInClone()) {
  end('is not in the history of this folder: it takes a clone with its full history (git fetch --unshallow)');
}
if (!process.argv.includes('--check')) {
  const folder = join(ownFolder(), commit);
  unpack(folder);
  const setUp = run(process.execPath, [join(folder, 'packages/tooling/run.mjs'), 'setup'], folder);
  if (setUp !== 0) end('cannot be set up, see above');
  console.log(folder);
}
