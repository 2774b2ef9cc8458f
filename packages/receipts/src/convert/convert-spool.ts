import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { renameDurably } from '../durable-file.js';
import { archiveName, shardFolder, WORK_PREFIX } from '../layout.js';
import { type ManifestFile, readManifest } from '../manifest.js';
import { ConversionError, runProgram } from './run-program.js';
import { WRITTEN } from './write-rows.js';

/** A closed spool of a shard. */
export type SpoolPlace = { dir: string; shard: string; spool: string };

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
    const task = { task: 'convert', dir, shard, spool, work } as const;
    let written: ManifestFile | undefined;
    for await (const answer of runProgram<ManifestFile>(`${shard}/${spool}`, task, signal)) written = answer;
    if (written === undefined) throw new ConversionError(`${shard}/${spool}`, 'nothing was said of them');
    // Another hand has done the same meanwhile: its file may have been written anew since, and must not come back.
    const done = (await readManifest(folder, shard)).files.find((file) => file.name === name);
    if (done) return done;
    await renameDurably(join(work, WRITTEN), join(dir, name));
    return written;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
