import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { type FileMark, readMark, renameDurably, replaceFile } from '../durable-file.js';
import { shardFolder } from '../layout.js';
import { readManifest, writeManifest } from '../manifest.js';
import type { WrittenAnew } from './erase-rows.js';

/** In a shard's folder: what was ever written anew there, so that a copy of the books can be held against it. */
const ERASURES = 'erasures.json';
const FORMAT = 1;

/** One file that was written anew. It says nothing of the person. */
export type Erasure = {
  /** When, as ISO 8601. */
  at: string;
  /** The request that asked for it. */
  request: string;
  /** As the manifest has it. */
  file: string;
  /** That were blanked. */
  rows: number;
  before: FileMark;
  after: FileMark;
};

const markSchema: z.ZodType<FileMark> = z.object({ bytes: z.int(), sha256: z.string() });
const schema = z.object({
  format: z.literal(FORMAT),
  erasures: z.array(
    z.object({
      at: z.string(),
      request: z.string(),
      file: z.string(),
      rows: z.int(),
      before: markSchema,
      after: markSchema,
    }),
  ),
});

type Place = { dir: string; shard: string };

/** What was written anew in a shard, the oldest first. */
export async function readErasures({ dir, shard }: Place): Promise<Erasure[]> {
  const file = join(shardFolder(dir, shard), ERASURES);
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  return text === undefined ? [] : schema.parse(JSON.parse(text)).erasures;
}

async function writeErasures({ dir, shard }: Place, erasures: readonly Erasure[]): Promise<void> {
  const text = JSON.stringify({ format: FORMAT, erasures }, null, 1);
  await replaceFile(join(shardFolder(dir, shard), ERASURES), `${text}\n`);
}

/**
 * Has a file that was written anew take the place of the one that counts: it is written down first, so that
 * `settleErasures` knows what a kill in between has left. One hand at a time.
 * @throws Error where the file that counts is another than it was written of
 */
export async function commitErasure(
  place: Place,
  { name, path, rows, before, after }: WrittenAnew,
  { at, request }: Pick<Erasure, 'at' | 'request'>,
): Promise<void> {
  const { files } = await readManifest(shardFolder(place.dir, place.shard), place.shard);
  if (files.find((file) => file.name === name)?.sha256 !== before.sha256) {
    throw new Error(`${name} was changed meanwhile`);
  }
  const erasure = { at, request, file: name, rows, before, after };
  await writeErasures(place, [...(await readErasures(place)), erasure]);
  await renameDurably(path, join(place.dir, name));
  await markAnew(place, erasure);
}

/** Ends what was begun: a file that lies there anew counts as that, and one that was never put there was not erased. */
export async function settleErasures(place: Place): Promise<void> {
  const erasures = await readErasures(place);
  const newest = new Map(erasures.map((erasure) => [erasure.file, erasure]));
  const { files } = await readManifest(shardFolder(place.dir, place.shard), place.shard);
  for (const { name, sha256 } of files) {
    const erasure = newest.get(name);
    if (erasure === undefined || erasure.after.sha256 === sha256) continue;
    const there = await readMark(join(place.dir, name));
    if (there.sha256 === erasure.after.sha256) await markAnew(place, erasure);
    else if (there.sha256 === sha256) {
      await writeErasures(
        place,
        (await readErasures(place)).filter((each) => !isSame(each, erasure)),
      );
    }
  }
}

/** The manifest says what the file is now; its rows, and all that is counted of them, are what they were. */
async function markAnew({ dir, shard }: Place, { file: name, after }: Erasure): Promise<void> {
  const folder = shardFolder(dir, shard);
  const manifest = await readManifest(folder, shard);
  const files = manifest.files.map((file) => (file.name === name ? { ...file, ...after } : file));
  await writeManifest(folder, { ...manifest, files });
}

function isSame(one: Erasure, other: Erasure): boolean {
  return one.file === other.file && one.after.sha256 === other.after.sha256 && one.at === other.at;
}
