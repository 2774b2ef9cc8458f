import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database } from '../duckdb/open-database.js';
import { openDatabase } from '../duckdb/open-database.js';
import { readEntryNames } from '../duckdb/read-entry-names.js';
import { readMark, syncPath } from '../durable-file.js';
import { archiveName, shardFolder, spoolName } from '../layout.js';
import { type ManifestFile, readManifest } from '../manifest.js';
import { type PersonKey, readPersonKey } from '../person/person-key.js';
import { readKeptRules } from '../rows/read-kept-rules.js';
import { ReceiptTally } from '../rows/receipt-tally.js';
import { SeenEntries } from '../rows/seen-entries.js';
import { toReceipts } from '../rows/to-receipts.js';
import { readSpool } from '../spool/spool.js';
import { ArchiveWriter } from './write-archive.js';

/** What a conversion is told. */
export type ConversionTask = {
  task: 'convert';
  /** The store. */
  dir: string;
  shard: string;
  /** The spool's name. */
  spool: string;
  /** A folder of its own in the shard's, where its file is written. */
  work: string;
};

/** Of its database alone, which fails beyond it: far above what it takes, since it is given little at once. */
const MEMORY_MB = 1_024;

/** The file that a conversion leaves in its folder. */
export const WRITTEN = 'written.parquet';

/** Writes the rows of a closed spool to a file in its own folder, on disk once this resolves. All else stays as it is. */
export async function writeRows({
  dir,
  shard,
  spool,
  work,
}: Omit<ConversionTask, 'task'>): Promise<ManifestFile> {
  const database = await openDatabase({
    temporary: join(work, 'spilled'),
    memoryMb: MEMORY_MB,
    threads: 1,
  });
  try {
    const file = join(work, WRITTEN);
    const key = await readPersonKey(dir);
    const tally = await convert({ dir, shard, spool, work }, database, file, key);
    await syncPath(file);
    return {
      name: `${shard}/${archiveName(spool)}`,
      ...tally.result(),
      personKey: key?.check,
      ...(await readMark(file)),
    };
  } finally {
    database.close();
  }
}

async function convert(
  { dir, shard, spool, work }: Omit<ConversionTask, 'task'>,
  { connection }: Database,
  written: string,
  key: PersonKey | undefined,
): Promise<ReceiptTally> {
  const folder = shardFolder(dir, shard);
  const { files } = await readManifest(folder, shard);
  const seen = new SeenEntries(files, ({ name }) => readEntryNames(connection, join(dir, name)));
  const rulesOf = readKeptRules(folder);
  const writer = new ArchiveWriter(connection, work);
  const tally = new ReceiptTally();
  const file = join(folder, spoolName(spool));
  const handle = await open(file);
  try {
    for await (const entry of readSpool(handle, file, 'refuse')) {
      tally.addEntry(entry.id);
      if (!(await seen.add(entry))) continue;
      const rows = toReceipts(entry, shard, rulesOf, key?.hashId);
      for (const row of rows) tally.addRow(row);
      await writer.append(rows);
    }
    await writer.finish(written);
  } finally {
    await handle.close();
  }
  return tally;
}
