import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { readEntryNames } from '../duckdb/read-entry-names.js';
import { ReceiptTable } from '../duckdb/receipt-table.js';
import { readKeptRules } from '../rows/read-kept-rules.js';
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
