import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api';
import type { StoredRow } from './columns.js';

/** Rows of a query one by one, however many there are; times in epoch milliseconds. Values are bound, never written. */
export async function* readStored(
  connection: DuckDBConnection,
  sql: string,
  values: DuckDBValue[] | Record<string, DuckDBValue>,
): AsyncGenerator<StoredRow, void> {
  const result = await connection.stream(sql, values);
  const names = result.columnNames();
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) return;
    const columns = names.map((_, index) => chunk.getColumnValues(index).map(toPlain));
    for (let row = 0; row < chunk.rowCount; row++) {
      const stored: StoredRow = {};
      for (const [index, name] of names.entries()) stored[name] = columns[index]![row]!;
      yield stored;
    }
  }
}

/** Counts come as big integers; those of receipts are far below what a number holds. */
function toPlain(value: DuckDBValue): string | number | null {
  if (value === null || typeof value === 'string' || typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'object' && 'micros' in value) return Number(value.micros) / 1_000;
  throw new Error(`a value of type ${typeof value} from the files`);
}
