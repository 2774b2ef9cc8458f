import { join } from 'node:path';
import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api';
import { COLUMN_NAMES } from '../duckdb/columns.js';
import { loadDuckDb } from '../duckdb/load-duckdb.js';
import { ReceiptTable } from '../duckdb/receipt-table.js';
import type { Receipt } from '../receipt.js';

/** What lies in memory at once, as a rule; one entry more at most. */
const PART: PartLimit = { rows: 250_000, bytes: 64 * 1_024 * 1_024 };

/** DuckDB moves rows in pieces of so many, and a group of a file has whole ones. */
const PIECE_ROWS = 2_048;
/** Rows of a group of the file, where they are as narrow as most. */
const MAX_GROUP_PIECES = 10;
/** A group is put together in memory, several times over: of wide rows it has fewer. */
const MAX_GROUP_BYTES = 32 * 1_024 * 1_024;
/** Of a row beside what was sent, roughly. */
const ROW_BYTES = 250;

export type PartLimit = { rows: number; bytes: number };

/** Of another day than it was settled: last in a file, so that a day's rows are mostly in the files of that day. */
const IS_OF_ANOTHER_DAY = 'event_at IS NOT NULL AND event_at::DATE <> settled_at::DATE';

/**
 * Writes rows to one file in the order of their arrival, late ones last. They are put into parts on disk as they come,
 * which are one file in the end.
 */
export class ArchiveWriter {
  private readonly connection: DuckDBConnection;
  private readonly folder: string;
  private readonly limit: PartLimit;
  private readonly parts: string[] = [];
  private table: ReceiptTable | undefined;
  private held: PartLimit = { rows: 0, bytes: 0 };
  private piece: PartLimit = { rows: 0, bytes: 0 };
  /** Bytes of the widest piece so far. */
  private widest = 0;

  /** @param folder of its own, where parts may lie */
  constructor(connection: DuckDBConnection, folder: string, limit = PART) {
    this.connection = connection;
    this.folder = folder;
    this.limit = limit;
  }

  async append(rows: readonly Receipt[]): Promise<void> {
    this.table ??= await ReceiptTable.create(this.connection, 'part');
    this.table.append(rows);
    const bytes = rows.reduce((sum, { usage }) => sum + ROW_BYTES + (usage?.length ?? 0), 0);
    this.held = { rows: this.held.rows + rows.length, bytes: this.held.bytes + bytes };
    this.piece = { rows: this.piece.rows + rows.length, bytes: this.piece.bytes + bytes };
    this.widest = Math.max(this.widest, this.piece.bytes);
    if (this.piece.rows >= PIECE_ROWS) this.piece = { rows: 0, bytes: 0 };
    if (this.held.rows >= this.limit.rows || this.held.bytes >= this.limit.bytes) await this.closePart();
  }

  /** Writes the file. It is not on disk yet: DuckDB never syncs. */
  async finish(file: string): Promise<void> {
    if (this.parts.length === 0) {
      this.table ??= await ReceiptTable.create(this.connection, 'part');
      this.table.close();
      await this.copy(lateLast('part'), [], file, 'zstd');
      return;
    }
    if (this.held.rows > 0) await this.closePart();
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
    this.held = { rows: 0, bytes: 0 };
  }

  private async copy(
    select: string,
    values: DuckDBValue[],
    file: string,
    compression: string,
  ): Promise<void> {
    const pieces = Math.floor(MAX_GROUP_BYTES / Math.max(1, this.widest));
    const groupRows = PIECE_ROWS * Math.min(MAX_GROUP_PIECES, Math.max(1, pieces));
    const copy = copySql(select, values.length + 1, { groupRows, compression });
    await this.connection.run(copy, [...values, file]);
  }
}

/**
 * Writes what is selected to a file.
 * @param to number of the parameter that is the file's path
 * @param shape rows of a group, and how they are compressed
 */
export function copySql(
  select: string,
  to: number,
  { groupRows, compression }: { groupRows: number; compression: string },
): string {
  // A bloom filter is written only of a column whose values are in a dictionary, and every id of a group is another
  // one. A group may have a piece more.
  const dictionaryValues = 2 * groupRows;
  return `COPY (${select}) TO $${to} (FORMAT parquet, COMPRESSION ${compression}, ROW_GROUP_SIZE ${groupRows}, DICTIONARY_SIZE_LIMIT ${dictionaryValues})`;
}

/** Groups of a file that is written anew are as large as they were. @param rows of its largest group */
export function groupRowsLike(rows: number): number {
  return PIECE_ROWS * Math.max(1, Math.ceil(rows / PIECE_ROWS));
}

/** Both halves in the order in which rows came: nothing has to be sorted, and so nothing held in memory. */
function lateLast(from: string): string {
  const half = (condition: string) => `SELECT ${COLUMN_NAMES} FROM ${from} WHERE ${condition}`;
  return `${half(`NOT (${IS_OF_ANOTHER_DAY})`)} UNION ALL ${half(IS_OF_ANOTHER_DAY)}`;
}
