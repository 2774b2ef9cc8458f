import { mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const TOUCH_EVERY_MS = 1_000;
/** Its holder is gone: after a crash its process id may already belong to somebody else. */
const STALE_AFTER_MS = 15_000;

/**
 * Waits until no other set-up is at work in this clone, then keeps others out.
 * @param {string} folder where the lock file goes
 * @param {(line: string) => void} say
 * @returns {Promise<() => void>} lets the next one in
 */
export async function holdSetUpLock(folder, say) {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'setup.lock');
  let hasSaid = false;
  while (!tryToCreate(file)) {
    const holder = readHolder(file);
    if (holder === null) continue;
    if (holder.isGone) {
      rmSync(file, { force: true });
      continue;
    }
    if (!hasSaid) say(`Waiting for another set-up of this clone (process ${holder.pid}) ...`);
    hasSaid = true;
    await sleep(100);
  }
  const touch = setInterval(() => {
    const now = new Date();
    try {
      utimesSync(file, now, now);
    } catch {
      // Somebody has cleared the folder away: then nothing is left to keep alive.
    }
  }, TOUCH_EVERY_MS);
  return () => {
    clearInterval(touch);
    rmSync(file, { force: true });
  };
}

function tryToCreate(file) {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

function readHolder(file) {
  try {
    const pid = Number(readFileSync(file, 'utf8'));
    const isSilent = Date.now() - statSync(file).mtimeMs > STALE_AFTER_MS;
    // No process id yet: its writer is between creating the file and writing to it.
    return { pid, isGone: isSilent || (pid > 0 && !isAlive(pid)) };
  } catch {
    return null;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
