import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { createFile } from './durable-file.js';
import { archivedSpool, isArchiveFile, manifestName, manifestsAmong, spoolName } from './layout.js';
import { RECEIPT_OUTCOMES, type ReceiptOutcome } from './receipt.js';

/**
 * Which files of a shard count. A file that it does not name is none. The next one is made as a whole, so that a reader
 * sees all of a change or nothing of it, and of two hands only one makes it.
 */
export type Manifest = {
  format: 1;
  /** One more than that of the manifest it came from; 0 where there is none yet. */
  number: number;
  shard: string;
  files: ManifestFile[];
  /** Settlements of which nothing was kept since too much waited in Redis: the books have a hole there. */
  gaps: Gap[];
};

/** One closed file of rows. Times are epoch milliseconds, both ends included. */
export type ManifestFile = {
  /** Relative to the store. */
  name: string;
  rows: number;
  bytes: number;
  /** Hexadecimal. */
  sha256: string;
  /** Of the stream: the first and the last entry in it. */
  firstEntry: string;
  lastEntry: string;
  /** Of the events' own times; absent where no row has one. */
  eventFrom?: number | undefined;
  eventTo?: number | undefined;
  /** The check of the key by which its rows say whose they are (`PersonKey`); absent where they do not. */
  personKey?: string | undefined;
  /** Each `type` of destination that rows of usage were sent to. */
  types: string[];
  /** Events by bucket (`<hour>/<source>`), rule (empty for filtered ones) and outcome. */
  counts: ReceiptCounts;
};

/** Events by bucket (`<hour>/<source>`), rule (empty for filtered ones) and outcome. */
export type ReceiptCounts = Record<string, Record<string, Partial<Record<ReceiptOutcome, number>>>>;

/** What ended without a receipt, of one bucket. */
export type Gap = {
  bucket: string;
  deliveries: number;
  /** Events that no rule took. */
  filtered: number;
  /** Of the deliveries' own times, epoch milliseconds; absent where unknown. */
  eventFrom?: number | undefined;
  eventTo?: number | undefined;
};

const FORMAT = 1;
/** How often the newest manifest may be another one once it is read. */
const MAX_TURNS = 10;

const count = z.int().nonnegative();

const fileSchema: z.ZodType<ManifestFile> = z.object({
  name: z.string().min(1),
  rows: count,
  bytes: count,
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  firstEntry: z.string(),
  lastEntry: z.string(),
  eventFrom: z.int().optional(),
  eventTo: z.int().optional(),
  personKey: z.string().optional(),
  types: z.array(z.string()),
  counts: z.record(z.string(), z.record(z.string(), z.partialRecord(z.enum(RECEIPT_OUTCOMES), count))),
});

const manifestSchema: z.ZodType<Manifest> = z.object({
  format: z.literal(FORMAT),
  number: count,
  shard: z.string(),
  files: z.array(fileSchema),
  gaps: z.array(
    z.object({
      bucket: z.string(),
      deliveries: count,
      filtered: count,
      eventFrom: z.int().optional(),
      eventTo: z.int().optional(),
    }),
  ),
});

/** A manifest that says nothing, or nothing that this version may believe: no question is answered without it. */
export class ManifestError extends Error {
  override name = 'ManifestError';
  readonly code: 'manifest_newer' | 'manifest_damaged' | 'manifest_missing' | 'manifest_changed';

  constructor(code: ManifestError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * What counts of a shard; nothing where nothing was ever closed.
 * @param folder the shard's
 * @throws ManifestError
 */
export async function readManifest(folder: string, shard: string): Promise<Manifest> {
  for (let turn = 1; ; turn++) {
    const [number] = manifestsAmong(await namesIn(folder));
    if (number === undefined) {
      await assertNothingWasClosed(folder);
      return { format: FORMAT, number: 0, shard, files: [], gaps: [] };
    }
    const file = join(folder, manifestName(number));
    try {
      return parseManifest(await readFile(file, 'utf8'), shard, file);
    } catch (error) {
      // The next one has taken its place meanwhile.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || turn === MAX_TURNS) throw error;
    }
  }
}

/** Pure. @throws ManifestError */
export function parseManifest(text: string, shard: string, file: string): Manifest {
  const said = readJson(text);
  const format = (said as { format?: unknown } | null | undefined)?.format;
  if (typeof format === 'number' && format > FORMAT) {
    const problem = `${file} has format ${format}, of a newer version: use that version`;
    throw new ManifestError('manifest_newer', problem);
  }
  const read = manifestSchema.safeParse(said);
  if (read.success && read.data.shard === shard) return read.data;
  const where = read.success ? 'shard' : read.error.issues[0]!.path.join('.');
  const problem = `${file} is damaged${where && ` at ${where}`}: put it back from a copy`;
  throw new ManifestError('manifest_damaged', problem);
}

/**
 * Makes the next manifest.
 * @param folder the shard's
 * @param manifest what was read, and what has changed in it
 * @throws ManifestError (`manifest_changed`) where somebody else has made it meanwhile: nothing of this one counts
 */
export async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  const next = manifestSchema.parse({ ...manifest, number: manifest.number + 1 });
  const file = join(folder, manifestName(next.number));
  const isMade = await createFile(file, `${JSON.stringify(next)}\n`);
  const [newest = 0, ...older] = manifestsAmong(await namesIn(folder));
  if (!isMade || newest > next.number) {
    // Of a number that was let go of already: it would never be read.
    if (isMade) await rm(file, { force: true });
    throw new ManifestError(
      'manifest_changed',
      `${file}: another process has changed the manifest meanwhile`,
    );
  }
  for (const number of older) await rm(join(folder, manifestName(number)), { force: true });
}

/** Whose spool is still there was being closed for the first time. */
async function assertNothingWasClosed(folder: string): Promise<void> {
  const names = await namesIn(folder);
  const closed = names.filter(isArchiveFile).find((name) => !names.includes(spoolName(archivedSpool(name))));
  if (closed === undefined) return;
  const problem = `${folder} has no manifest, and ${closed}, which one has to name: put it back from a copy`;
  throw new ManifestError('manifest_missing', problem);
}

/** Names of what lies in a folder; none where there is no folder. */
export async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
