import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { readEntryNames } from '../duckdb/read-entry-names.js';
import { ReceiptTable } from '../duckdb/receipt-table.js';
import type { ManifestFile, ReceiptCounts } from '../manifest.js';
import { readKeptRules } from '../rows/read-kept-rules.js';
import { ReceiptTally } from '../rows/receipt-tally.js';
import { SeenEntries } from '../rows/seen-entries.js';
import { toReceipts } from '../rows/to-receipts.js';
import { readSpool } from '../spool/spool.js';
import type { OpenShard } from './open-shards.js';

/** The table of rows that are in no file yet. */
export const SPOOLED = 'spooled';

/** Makes that table, as their conversion would make a file of them. */
export async function loadSpools(
  connection: DuckDBConnection,
  dir: string,
  shards: readonly OpenShard[],
): Promise<void> {
  const table = await ReceiptTable.create(connection, SPOOLED);
  for (const { shard, folder, manifest, spools } of shards) {
    const seen = new SeenEntries(manifest.files, ({ name }) => readEntryNames(connection, join(dir, name)));
    const rulesOf = readKeptRules(folder);
    for (const { handle, file } of spools) {
      for await (const entry of readSpool(handle, file, 'leave')) {
        if (await seen.add(entry)) table.append(toReceipts(entry, shard, rulesOf));
      }
    }
  }
  table.close();
}

/**
 * What a shard's spools count, as the manifest would say it of their files.
 * @param namesOf the names of the entries that a file has rows of
 */
export async function countSpools(
  { shard, manifest, spools }: OpenShard,
  namesOf: (file: ManifestFile) => Promise<string[]>,
): Promise<ReceiptCounts> {
  const seen = new SeenEntries(manifest.files, namesOf);
  const tally = new ReceiptTally();
  for (const { handle, file } of spools) {
    for await (const entry of readSpool(handle, file, 'leave')) {
      if (!(await seen.add(entry))) continue;
      // Nobody asks what was sent: without rules nothing is mapped.
      for (const row of toReceipts(entry, shard, () => undefined)) tally.addRow(row);
    }
  }
  return tally.result().counts;
}
