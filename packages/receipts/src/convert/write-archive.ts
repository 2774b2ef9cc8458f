import { join } from 'node:path';
import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api';
import { COLUMN_NAMES } from '../duckdb/columns.js';
import { loadDuckDb } from '../duckdb/load-duckdb.js';
import { ReceiptTable } from '../duckdb/receipt-table.js';
import type { Receipt } from '../receipt.js';

/** Rows in memory at once, as a rule; one entry more at most. */
export const MAX_PART_ROWS = 250_000;

/** Rows of a group of the file, which may have one of DuckDB's pieces of 2,048 more. */
const GROUP_ROWS = 20_480;
/** A bloom filter is written only of a column whose values are in a dictionary: every id of a group is another one. */
const DICTIONARY_VALUES = 2 * GROUP_ROWS;

/** Of another day than it was settled: last in a file, so that a day's rows are mostly in the files of that day. */
const IS_OF_ANOTHER_DAY = 'event_at IS NOT NULL AND event_at::DATE <> settled_at::DATE';

/**
 * Writes rows to one file in the order of their arrival, late ones last. They are put into parts on disk as they come,
 * which are one file in the end.
 */
export class ArchiveWriter {
  private readonly connection: DuckDBConnection;
  private readonly folder: string;
  private readonly maxPartRows: number;
  private readonly parts: string[] = [];
  private table: ReceiptTable | undefined;
  private rows = 0;

  /** @param folder of its own, where parts may lie */
  constructor(connection: DuckDBConnection, folder: string, maxPartRows = MAX_PART_ROWS) {
    this.connection = connection;
    this.folder = folder;
    this.maxPartRows = maxPartRows;
  }

  async append(rows: readonly Receipt[]): Promise<void> {
    this.table ??= await ReceiptTable.create(this.connection, 'part');
    this.table.append(rows);
    this.rows += rows.length;
    if (this.rows >= this.maxPartRows) await this.closePart();
  }

  /** Writes the file. It is not on disk yet: DuckDB never syncs. */
  async finish(file: string): Promise<void> {
    if (this.parts.length === 0) {
      this.table ??= await ReceiptTable.create(this.connection, 'part');
      this.table.close();
      await this.copy(lateLast('part'), [], file, 'zstd');
      return;
    }
    if (this.rows > 0) await this.closePart();
    const { listValue } = await loadDuckDb();
    await this.copy(lateLast('read_parquet($1)'), [listValue(this.parts)], file, 'zstd');
  }

  private async closePart(): Promise<void> {
    this.table?.close();
    const part = join(this.folder, `part-${this.parts.length}.parquet`);
    await this.copy(`SELECT ${COLUMN_NAMES} FROM part`, [], part, 'lz4_raw');
    await this.connection.run('DROP TABLE part');
    this.parts.push(part);
    this.table = undefined;
    this.rows = 0;
  }

  private async copy(
    select: string,
    values: DuckDBValue[],
    file: string,
    compression: string,
  ): Promise<void> {
    const to = `$${values.length + 1}`;
    await this.connection.run(
      `COPY (${select}) TO ${to} (FORMAT parquet, COMPRESSION ${compression}, ROW_GROUP_SIZE ${GROUP_ROWS}, DICTIONARY_SIZE_LIMIT ${DICTIONARY_VALUES})`,
      [...values, file],
    );
  }
}

/** Both halves in the order in which rows came: nothing has to be sorted, and so nothing held in memory. */
function lateLast(from: string): string {
  const half = (condition: string) => `SELECT ${COLUMN_NAMES} FROM ${from} WHERE ${condition}`;
  return `${half(`NOT (${IS_OF_ANOTHER_DAY})`)} UNION ALL ${half(IS_OF_ANOTHER_DAY)}`;
}
