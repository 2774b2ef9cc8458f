import type { DuckDBConnection } from '@duckdb/node-api';
import { nameOfRow } from '../rows/to-receipts.js';

/** The names of the entries that a file has rows of. */
export async function readEntryNames(connection: DuckDBConnection, file: string): Promise<string[]> {
  const result = await connection.runAndReadAll(
    'SELECT DISTINCT job, rev, CASE WHEN job IS NULL THEN entry END AS entry FROM read_parquet($1)',
    [file],
  );
  return result.getRows().map(([job, rev, entry]) => nameOfRow(asStrings({ job, rev, entry })));
}

function asStrings({ job, rev, entry }: Record<'job' | 'rev' | 'entry', unknown>) {
  const text = (value: unknown) => (value === null ? undefined : String(value));
  return { job: text(job), rev: text(rev), entry: String(entry) };
}
