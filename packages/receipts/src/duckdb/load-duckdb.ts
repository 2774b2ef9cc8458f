import type * as DuckDb from '@duckdb/node-api';

/** As package.json has it: another version may read what is kept, and may not. */
const PACKAGE = '@duckdb/node-api@1.5.6-r.1';

/** The database that reads and writes the files is a package of its own, 70 MB, which an installation may lack. */
export class DuckDbMissingError extends Error {
  override name = 'DuckDbMissingError';
  readonly code = 'duckdb_missing';

  constructor(cause: unknown) {
    super(`The receipts are read and written by DuckDB, which is not installed: npm install ${PACKAGE}`, {
      cause,
    });
  }
}

/**
 * Loads DuckDB: 0.2 s and 55 MB that only who reads or writes files of rows may cost.
 * @throws DuckDbMissingError
 */
export async function loadDuckDb(): Promise<typeof DuckDb> {
  try {
    return await import('@duckdb/node-api');
  } catch (error) {
    throw new DuckDbMissingError(error);
  }
}
