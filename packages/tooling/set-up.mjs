import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runQuietly } from './child-process.mjs';
import { hashFile, hashSources, isBuilt } from './fingerprint.mjs';
import { holdSetUpLock } from './set-up-lock.mjs';

const PNPM = ['--yes', 'pnpm@12.21.0'];

/**
 * Installs the packages and builds the sources, each only where something has changed since the last time.
 * Says what it does on stderr: stdout belongs to the command that follows.
 * @param {string} root the workspace's folder
 * @returns {Promise<number>} 0, or the exit code of what failed
 */
export async function setUp(root) {
  if (nextStep(root) === 'none') return 0;
  const release = await holdSetUpLock(join(root, '.meterbridge'), say);
  try {
    // Whoever held the lock before us may have done it all.
    for (let step = nextStep(root); step !== 'none'; step = nextStep(root)) {
      const exitCode = step === 'install' ? await install(root) : await build(root);
      if (exitCode !== 0) return exitCode;
    }
    return 0;
  } finally {
    release();
  }
}

/** @returns {'install' | 'build' | 'none'} */
function nextStep(root) {
  const done = readStamp(root);
  if (done.lockfile !== hashFile(join(root, 'pnpm-lock.yaml'))) return 'install';
  if (done.sources !== hashSources(root) || !isBuilt(root)) return 'build';
  return 'none';
}

async function install(root) {
  // Hashed before, so that a change made meanwhile is seen next time.
  const lockfile = hashFile(join(root, 'pnpm-lock.yaml'));
  const exitCode = await showProgress('Installing packages', () =>
    pnpm(root, ['install', '--frozen-lockfile']),
  );
  if (exitCode === 0) writeStamp(root, { lockfile });
  return exitCode;
}

async function build(root) {
  const { lockfile } = readStamp(root);
  const sources = hashSources(root);
  const exitCode = await showProgress('Building', () =>
    // Through pnpm, because turbo looks for it on the PATH.
    pnpm(root, ['exec', 'turbo', 'run', 'build', '--output-logs=errors-only']),
  );
  if (exitCode !== 0) return exitCode;
  if (!isBuilt(root)) {
    say('The build left a package without its dist folder.');
    return 1;
  }
  writeStamp(root, { lockfile, sources });
  return 0;
}

function pnpm(root, args) {
  // CI: pnpm asks no questions, which nobody could answer here.
  const env = { ...process.env, CI: 'true', TURBO_TELEMETRY_DISABLED: '1' };
  return runQuietly('npx', [...PNPM, ...args], { cwd: root, env });
}

/** In node_modules, because it is true only as long as they are there. */
function stampFile(root) {
  return join(root, 'node_modules/.meterbridge-setup.json');
}

/** @returns {{ lockfile?: string, sources?: string }} */
function readStamp(root) {
  try {
    return JSON.parse(readFileSync(stampFile(root), 'utf8'));
  } catch {
    return {};
  }
}

function writeStamp(root, stamp) {
  if (!existsSync(join(root, 'node_modules'))) mkdirSync(join(root, 'node_modules'));
  writeFileSync(stampFile(root), JSON.stringify(stamp));
}

async function showProgress(what, work) {
  const startedAt = Date.now();
  const seconds = () => `${Math.round((Date.now() - startedAt) / 1_000)} s`;
  say(`${what} ...`);
  const ticker = setInterval(() => say(`${what} ... ${seconds()}`), 15_000);
  try {
    const exitCode = await work();
    say(exitCode === 0 ? `${what}: done in ${seconds()}` : `${what}: failed`);
    return exitCode;
  } finally {
    clearInterval(ticker);
  }
}

function say(line) {
  process.stderr.write(`${line}\n`);
}
