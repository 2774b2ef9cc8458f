import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { loadDuckDb } from './load-duckdb.js';

export type Database = { instance: DuckDBInstance; connection: DuckDBConnection; close(): void };

export type DatabaseOptions = {
  /** Where it puts what its memory does not hold. It makes the folder. */
  temporary: string;
  memoryMb: number;
  /** As many as there are cores where left out. */
  threads?: number;
};

/** A database in memory that loads nothing from anywhere. */
export async function openDatabase({ temporary, memoryMb, threads }: DatabaseOptions): Promise<Database> {
  const { DuckDBInstance } = await loadDuckDb();
  const instance = await DuckDBInstance.create(':memory:', {
    temp_directory: temporary,
    memory_limit: `${memoryMb}MB`,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    ...(threads === undefined ? {} : { threads: String(threads) }),
  });
  const connection = await instance.connect();
  return {
    instance,
    connection,
    close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}
