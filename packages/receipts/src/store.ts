import { open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { SpoolPlace } from './convert/convert-spool.js';
import { syncFolder, TEMPORARY } from './durable-file.js';
import { settleErasures } from './erase/erasures.js';
import { archiveName, nextSpoolName, shardFolder, spoolName, spoolsAmong, WORK_PREFIX } from './layout.js';
import { type Gap, type ManifestFile, namesIn, readManifest, writeManifest } from './manifest.js';
import { cutTornTail, Spool } from './spool/spool.js';

/** A shard's part of a store. Its folder is there. */
export type ShardPlace = { dir: string; shard: string };

/** The spools of a shard, oldest first: the last one may be open. */
export async function listSpools({ dir, shard }: ShardPlace): Promise<string[]> {
  return spoolsAmong(await namesIn(shardFolder(dir, shard)));
}

/**
 * Begins a spool.
 * @throws EEXIST where somebody else has begun one of this name
 */
export async function beginSpool({ dir, shard, spool }: SpoolPlace): Promise<Spool> {
  const file = join(shardFolder(dir, shard), spoolName(spool));
  await (await open(file, 'wx', 0o600)).close();
  return Spool.open(file);
}

/**
 * Cuts what a process has left behind the last append of a spool, where it was killed in one: to be called before its rows
 * are made. Nothing happens where the spool is gone: its rows count.
 * @throws SpoolDamagedError
 */
export async function endSpool({ dir, shard, spool }: SpoolPlace): Promise<void> {
  const file = join(shardFolder(dir, shard), spoolName(spool));
  const handle = await open(file, 'r+').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (!handle) return;
  try {
    await cutTornTail(handle, file);
  } finally {
    await handle.close();
  }
}

/** The name of a spool that is begun now. */
export async function nextSpool({ dir, shard }: ShardPlace): Promise<string> {
  const folder = shardFolder(dir, shard);
  const { files } = await readManifest(folder, shard);
  return nextSpoolName([...(await namesIn(folder)), ...files.map(({ name }) => name)]);
}

/**
 * Has a spool's file of rows count, and lets go of the spool. Done twice, it is done once.
 * @throws Error where the file is not there as it was written; ManifestError (`manifest_changed`) where it is to be done
 *   again
 */
export async function recordFile({ dir, shard, spool }: SpoolPlace, file: ManifestFile): Promise<void> {
  const folder = shardFolder(dir, shard);
  const { size } = await stat(join(dir, file.name));
  if (size !== file.bytes) throw new Error(`${file.name} has ${size} bytes, and ${file.bytes} were written`);
  const manifest = await readManifest(folder, shard);
  if (!manifest.files.some(({ name }) => name === file.name)) {
    await writeManifest(folder, { ...manifest, files: [...manifest.files, file] });
  }
  await rm(join(folder, spoolName(spool)), { force: true });
  await syncFolder(folder);
}

/**
 * Writes down what ended without a receipt; what is written down already and not told now stays.
 * @param told all that Redis knows of a shard, which only grows
 */
export async function recordGaps({ dir, shard }: ShardPlace, told: readonly Gap[]): Promise<void> {
  const folder = shardFolder(dir, shard);
  const manifest = await readManifest(folder, shard);
  const gaps = new Map(manifest.gaps.map((gap) => [gap.bucket, gap]));
  for (const gap of told) {
    const known = gaps.get(gap.bucket);
    if (!known || sizeOf(gap) > sizeOf(known)) gaps.set(gap.bucket, gap);
  }
  const next = { ...manifest, gaps: [...gaps.values()] };
  if (JSON.stringify(next.gaps) !== JSON.stringify(manifest.gaps)) await writeManifest(folder, next);
}

function sizeOf({ deliveries, filtered }: Gap): number {
  return deliveries + filtered;
}

/**
 * Puts away what a process that was killed has left in a shard's folder: files that are of no use, and spools whose rows
 * count. A file of rows that does not count stays: its spool is made rows of again, under its name. Whoever is at work
 * there begins again. Ends the erasures that were begun.
 */
export async function tidyShard({ dir, shard }: ShardPlace): Promise<void> {
  const folder = shardFolder(dir, shard);
  const names = await namesIn(folder);
  const { files } = await readManifest(folder, shard);
  const counted = new Set(files.map(({ name }) => name));
  const isCounted = (spool: string) => counted.has(`${shard}/${archiveName(spool)}`);
  const spools = spoolsAmong(names);
  const useless = [
    ...names.filter((name) => name.startsWith(WORK_PREFIX) || name.endsWith(TEMPORARY)),
    ...spools.filter(isCounted).map(spoolName),
  ];
  // What a killed process has started goes on for a moment: a folder may fill while it is removed.
  for (const name of useless) await rm(join(folder, name), { recursive: true, force: true, maxRetries: 5 });
  if (useless.length > 0) await syncFolder(folder);
  await settleErasures({ dir, shard });
}
