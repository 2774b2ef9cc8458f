import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { compareStreamIds } from '@meterbridge/queue/batch';
import { archiveName, shardFolder, shardsAmong, spoolName, spoolsAmong } from '../layout.js';
import { type Manifest, namesIn, readManifest } from '../manifest.js';
import { readSpool } from '../spool/spool.js';

/** What there is of a shard at one moment: files that count, and spools whose rows are in none of them. */
export type OpenShard = { shard: string; folder: string; manifest: Manifest; spools: OpenSpoolFile[] };

/** It can be read to its end, also when its name is gone. */
export type OpenSpoolFile = { file: string; handle: FileHandle };

/** How often a spool may vanish between being seen and being opened: each time its rows have become a file. */
const MAX_TURNS = 10;

/**
 * Every shard of a destination in a store.
 * @throws ENOENT where there is no such store, and ManifestError
 */
export async function openShards(dir: string, destination: string): Promise<OpenShard[]> {
  const shards: OpenShard[] = [];
  try {
    for (const shard of shardsAmong(await readdir(dir), destination))
      shards.push(await openShard(dir, shard));
    return shards;
  } catch (error) {
    await closeShards(shards);
    throw error;
  }
}

export async function closeShards(shards: readonly OpenShard[]): Promise<void> {
  await closeSpools(shards.flatMap(({ spools }) => spools));
}

async function closeSpools(spools: readonly OpenSpoolFile[]): Promise<void> {
  for (const { handle } of spools) await handle.close();
}

/** The first entry of a shard, which spools tell where there is no file yet; undefined where there is none at all. */
export async function firstEntryOf({ manifest, spools }: OpenShard): Promise<string | undefined> {
  const firsts = manifest.files.map(({ firstEntry }) => firstEntry).filter((id) => id !== '');
  if (firsts.length > 0) return firsts.toSorted(compareStreamIds)[0];
  for (const { handle, file } of spools) {
    for await (const { id } of readSpool(handle, file, 'leave')) return id;
  }
  return undefined;
}

/** Spools first, and then the manifest: what is converted in between is in both, and never in neither. */
async function openShard(dir: string, shard: string): Promise<OpenShard> {
  const folder = shardFolder(dir, shard);
  for (let turn = 1; ; turn++) {
    const spools: (OpenSpoolFile & { name: string })[] = [];
    try {
      for (const spool of spoolsAmong(await namesIn(folder))) {
        const file = join(folder, spoolName(spool));
        spools.push({ name: `${shard}/${archiveName(spool)}`, file, handle: await open(file) });
      }
      const manifest = await readManifest(folder, shard);
      const counted = new Set(manifest.files.map(({ name }) => name));
      await closeSpools(spools.filter(({ name }) => counted.has(name)));
      return { shard, folder, manifest, spools: spools.filter(({ name }) => !counted.has(name)) };
    } catch (error) {
      await closeSpools(spools);
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || turn === MAX_TURNS) throw error;
    }
  }
}
