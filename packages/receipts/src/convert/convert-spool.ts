import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { renameDurably } from '../durable-file.js';
import { archiveName, shardFolder, WORK_PREFIX } from '../layout.js';
import { type ManifestFile, readManifest } from '../manifest.js';
import { type ConversionTask, WRITTEN } from './write-rows.js';

/** A name in the bundle of an app, too: it lies beside the file that this is in. */
const PROGRAM = fileURLToPath(new URL('./convert-main.js', import.meta.url));

/** A closed spool of a shard. */
export type SpoolPlace = { dir: string; shard: string; spool: string };

/** A conversion ended without a file. The spool is as it was: it may be begun again. */
export class ConversionError extends Error {
  override name = 'ConversionError';
  readonly code = 'conversion_failed';

  constructor(spool: string, why: string) {
    super(`the rows of ${spool} could not be written: ${why}`);
  }
}

/**
 * Writes the rows of a closed spool to a file of their own, in another process: it costs much CPU and memory, and what
 * crashes in there is not this program. Spools are converted in the order in which they began, each by one hand; the
 * file counts once it is recorded (`recordFile`). Until then it may be done again, and writes the same.
 * @param signal ends it
 */
export async function convertSpool(
  { dir, shard, spool }: SpoolPlace,
  signal?: AbortSignal,
): Promise<ManifestFile> {
  const folder = shardFolder(dir, shard);
  const name = `${shard}/${archiveName(spool)}`;
  const { files } = await readManifest(folder, shard);
  const recorded = files.find((file) => file.name === name);
  if (recorded) return recorded;
  const work = await mkdtemp(join(folder, WORK_PREFIX));
  try {
    const written = await runProgram({ dir, shard, spool, work }, signal);
    await renameDurably(join(work, WRITTEN), join(dir, name));
    return written;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function runProgram(task: ConversionTask, signal: AbortSignal | undefined): Promise<ManifestFile> {
  const child = spawn(process.execPath, [PROGRAM, JSON.stringify(task)], {
    // Nothing of what this process may know: keys, say.
    env: {},
    stdio: ['pipe', 'pipe', 'pipe'],
    signal,
    killSignal: 'SIGKILL',
  });
  const ended = new Promise<string | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, killedBy) => resolve(code === 0 ? null : (killedBy ?? `exit code ${code}`)));
  });
  const [failure, told, complaint] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  if (failure === null) return JSON.parse(told) as ManifestFile;
  throw new ConversionError(`${task.shard}/${task.spool}`, complaint.trim() || failure);
}
