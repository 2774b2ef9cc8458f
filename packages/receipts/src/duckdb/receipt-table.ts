import type * as DuckDb from '@duckdb/node-api';
import type { DuckDBAppender, DuckDBConnection, DuckDBDataChunk, DuckDBValue } from '@duckdb/node-api';
import type { Receipt } from '../receipt.js';
import { COLUMNS, createTableSql } from './columns.js';
import { loadDuckDb } from './load-duckdb.js';

/** As many as DuckDB takes in one piece. */
const CHUNK_ROWS = 2_048;

/** A table of receipts that is filled row by row. */
export class ReceiptTable {
  private readonly duckDb: typeof DuckDb;
  private readonly appender: DuckDBAppender;
  private waiting: Receipt[] = [];

  private constructor(duckDb: typeof DuckDb, appender: DuckDBAppender) {
    this.duckDb = duckDb;
    this.appender = appender;
  }

  static async create(connection: DuckDBConnection, name: string): Promise<ReceiptTable> {
    await connection.run(createTableSql(name));
    return new ReceiptTable(await loadDuckDb(), await connection.createAppender(name));
  }

  append(rows: readonly Receipt[]): void {
    for (const row of rows) {
      this.waiting.push(row);
      if (this.waiting.length === CHUNK_ROWS) this.appendWaiting();
    }
  }

  /** What was appended is seen by queries then. */
  flush(): void {
    if (this.waiting.length > 0) this.appendWaiting();
    this.appender.flushSync();
  }

  close(): void {
    this.flush();
    this.appender.closeSync();
  }

  private appendWaiting(): void {
    this.appender.appendDataChunk(this.toChunk(this.waiting));
    this.waiting = [];
  }

  private toChunk(rows: readonly Receipt[]): DuckDBDataChunk {
    const { DuckDBDataChunk, INTEGER, TIMESTAMP, VARCHAR, timestampValue } = this.duckDb;
    const types = { INTEGER, TIMESTAMP, VARCHAR };
    const chunk = DuckDBDataChunk.create(
      COLUMNS.map(({ type }) => types[type]),
      rows.length,
    );
    for (const [index, { of, type }] of COLUMNS.entries()) {
      const values = rows.map((row): DuckDBValue => of(row) ?? null);
      if (type === 'TIMESTAMP') toTimes(values, timestampValue);
      chunk.setColumnValues(index, values);
    }
    return chunk;
  }
}

/** Epoch milliseconds as DuckDB has times. */
function toTimes(values: DuckDBValue[], timestampValue: (typeof DuckDb)['timestampValue']): void {
  for (const [index, value] of values.entries()) {
    if (value !== null) values[index] = timestampValue(BigInt(value as number) * 1_000n);
  }
}
