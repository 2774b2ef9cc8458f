import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LocalRedisError } from './local-redis-error.js';
import { probeServer } from './probe-server.js';

const CLAIM_FILE = 'meterbridge-redis.json';

/** A claim without a server is one whose owner is about to start it; that takes moments. */
const CLAIM_WITHOUT_SERVER_MS = 10_000;

/** The owners of a data directory: the process that starts the server, and the server once there is one. */
type Claim = { ownerPid: number; server?: { pid: number; port: number } };

export type DataDirClaim = {
  /** Writes down the server, so that it can be found after its owner is gone. */
  record(server: { pid: number; port: number }): Promise<void>;
  release(): Promise<void>;
};

/**
 * Takes a data directory for one Redis: two on the same append-only file would destroy it. A claim whose
 * processes are gone is taken over.
 * @throws LocalRedisError `data_dir_in_use` or `claim_damaged`
 */
export async function claimDataDir(dataDir: string): Promise<DataDirClaim> {
  const file = join(dataDir, CLAIM_FILE);
  const mine: Claim = { ownerPid: process.pid };
  while (!(await createFile(file, JSON.stringify(mine)))) await removeStaleClaim(file, dataDir);
  return {
    record: (server) => replaceFile(file, JSON.stringify({ ...mine, server } satisfies Claim)),
    release: () => rm(file, { force: true }),
  };
}

async function removeStaleClaim(file: string, dataDir: string): Promise<void> {
  const seen = await readFile(file, 'utf8').catch(() => null);
  if (seen === null) return;
  const user = await findUser(readClaim(seen, file), file);
  if (user) {
    const message =
      `The data directory ${dataDir} is in use by ${user}. ` +
      'Stop that one first, or set REDIS_URL to use it, or name another data directory.';
    throw new LocalRedisError('data_dir_in_use', message);
  }
  // Moved aside rather than deleted: of two that find it stale, the slower may have moved a claim that is
  // fresh by now, which it then puts back.
  const aside = `${file}.${randomUUID()}`;
  const moved = await rename(file, aside).then(
    () => true,
    () => false,
  );
  if (!moved) return;
  if ((await readFile(aside, 'utf8')) !== seen) await link(aside, file).catch(() => {});
  await rm(aside, { force: true });
}

/** A machine that lost power may leave it empty. */
function readClaim(text: string, file: string): Claim {
  try {
    return JSON.parse(text) as Claim;
  } catch (cause) {
    const message = `${file} is damaged. It says which Redis works in its folder: make sure that none does, and delete it.`;
    throw new LocalRedisError('claim_damaged', message, { cause });
  }
}

async function findUser(claim: Claim, file: string): Promise<string | null> {
  if (claim.server) {
    const { pid, port } = claim.server;
    return (await isLivingServer(pid, port)) ? `the Redis with process id ${pid} on port ${port}` : null;
  }
  const writtenAt = (await stat(file).catch(() => null))?.mtimeMs ?? 0;
  const fresh = Date.now() - writtenAt < CLAIM_WITHOUT_SERVER_MS;
  return fresh && isAlive(claim.ownerPid)
    ? `process ${claim.ownerPid}, which is starting a Redis there`
    : null;
}

/** A process id alone proves nothing: after a reboot, or in a container, it may be somebody else's. */
async function isLivingServer(pid: number, port: number): Promise<boolean> {
  if (!isAlive(pid)) return false;
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => null);
  if (commandLine !== null) return /(redis|valkey)-server/.test(commandLine);
  const server = await probeServer(port);
  return server.state !== 'silent' && (server.pid === null || server.pid === pid);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives and belongs to somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Creates a file with its content in one step, so that nobody sees half of it; false if it is there. */
async function createFile(file: string, text: string): Promise<boolean> {
  const fresh = `${file}.${randomUUID()}`;
  await writeFile(fresh, text, { mode: 0o600 });
  try {
    await link(fresh, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(fresh, { force: true });
  }
}

async function replaceFile(file: string, text: string): Promise<void> {
  const fresh = `${file}.${randomUUID()}`;
  await writeFile(fresh, text, { mode: 0o600 });
  await rename(fresh, file);
}
