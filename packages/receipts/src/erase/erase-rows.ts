import { join } from 'node:path';
import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api';
import { copySql, groupRowsLike } from '../convert/write-archive.js';
import { COLUMNS, USAGE_ID_SQL } from '../duckdb/columns.js';
import { loadDuckDb } from '../duckdb/load-duckdb.js';
import { openDatabase } from '../duckdb/open-database.js';
import { type FileMark, readMark, syncPath } from '../durable-file.js';
import { shardFolder } from '../layout.js';
import { type ManifestFile, readManifest } from '../manifest.js';
import { readPersonKey } from '../person/person-key.js';
import { OWNER_IN_IDENTITY_SQL } from '../reader/in-effect.js';
import type { PersonInRows } from './person.js';

/** What the program is told that takes a person out of a shard's rows. */
export type EraseTask = {
  task: 'erase';
  /** The store. */
  dir: string;
  shard: string;
  /** A folder of its own in the shard's, where it writes files anew. */
  work: string;
  /** As rows have them. */
  person: PersonInRows;
};

/** A file that was written anew, on disk, beside the one that counts. */
export type WrittenAnew = {
  /** The one that counts, as the manifest has it. */
  name: string;
  /** Where the new one lies. */
  path: string;
  /** Of the person. */
  rows: number;
  before: FileMark;
  after: FileMark;
};

/** First how many files have rows of the person, and in how many nobody can tell; then each of the first. */
export type EraseAnswer = { files: number; untold: number } | WrittenAnew;

const MEMORY_MB = 1_024;

/** What says whose a row is, or which event or usage event it was. Everything that the books count by stays. */
const BLANKED: ReadonlySet<string> = new Set([
  'message_id',
  'request',
  'owner',
  'customer',
  'usage',
  'user_hash',
  'anonymous_hash',
  'previous_hash',
]);

/** Lists are bound as one text each: hashes have no comma. @param first of the parameters that `valuesOf` gives */
function theirsSql(first: number): string {
  const [users, devices] = [first, first + 1].map((each) => `string_split($${each}, ',')`);
  // Not null where a row has no hash.
  const isIn = (list: string, column: string) => `coalesce(list_contains(${list}, ${column}), false)`;
  const isTheirs = [
    isIn(users!, 'user_hash'),
    isIn(devices!, 'anonymous_hash'),
    isIn(`list_concat(${users}, ${devices})`, 'previous_hash'),
  ];
  return `settled_at < $${first + 2} AND (${isTheirs.join(' OR ')})`;
}

/** Stands for a usage event: the same for all that are one to their API. Nothing where the row has none. */
function tokenSql(salt: string): string {
  const parts = [salt, 'type', USAGE_ID_SQL, `coalesce(${OWNER_IN_IDENTITY_SQL}, '')`].join(', ');
  return `CASE WHEN ${USAGE_ID_SQL} IS NOT NULL THEN substr(sha256(concat_ws(chr(10), ${parts})), 1, 32) END`;
}

/** Writes every file anew that has rows of a person, without them saying so. What counts stays as it is. */
export async function* eraseRows({
  dir,
  shard,
  work,
  person,
}: Omit<EraseTask, 'task'>): AsyncGenerator<EraseAnswer, void> {
  const key = await readPersonKey(dir);
  const { files } = await readManifest(shardFolder(dir, shard), shard);
  const told = files.filter(({ rows, personKey }) => rows > 0 && personKey === key?.check);
  const untold = files.filter(({ rows, personKey }) => rows > 0 && personKey !== key?.check).length;
  const database = await openDatabase({ temporary: join(work, 'spilled'), memoryMb: MEMORY_MB, threads: 1 });
  try {
    const { connection } = database;
    const found = await findFiles(connection, dir, told, person);
    yield { files: found.length, untold };
    for (const [index, { file, rows }] of found.entries()) {
      const path = join(work, `${index}.parquet`);
      await writeAnew(connection, join(dir, file.name), path, person);
      await syncPath(path);
      const { name, bytes, sha256 } = file;
      yield { name, path, rows, before: { bytes, sha256 }, after: await readMark(path) };
    }
  } finally {
    database.close();
  }
}

async function findFiles(
  connection: DuckDBConnection,
  dir: string,
  files: readonly ManifestFile[],
  person: PersonInRows,
): Promise<{ file: ManifestFile; rows: number }[]> {
  if (files.length === 0) return [];
  const { listValue } = await loadDuckDb();
  const paths = listValue(files.map(({ name }) => join(dir, name)));
  const result = await connection.runAndReadAll(
    `SELECT filename, count(*)::INTEGER FROM read_parquet($1, filename = true) WHERE ${theirsSql(2)} GROUP BY ALL`,
    [paths, ...(await valuesOf(person))],
  );
  const rowsOf = new Map(result.getRows() as [path: string, rows: number][]);
  return files.flatMap((file) => {
    const rows = rowsOf.get(join(dir, file.name));
    return rows === undefined ? [] : [{ file, rows }];
  });
}

async function writeAnew(connection: DuckDBConnection, from: string, to: string, person: PersonInRows) {
  const groups = await connection.runAndReadAll(
    'SELECT max(row_group_num_rows)::INTEGER FROM parquet_metadata($1)',
    [from],
  );
  const groupRows = groupRowsLike(groups.getRows()[0]![0] as number);
  const columns = COLUMNS.map(({ name }) => {
    if (name === 'usage_id') return `CASE WHEN theirs THEN ${tokenSql('$5')} ELSE usage_id END AS usage_id`;
    return BLANKED.has(name) ? `CASE WHEN NOT theirs THEN ${name} END AS ${name}` : name;
  });
  // In the order in which they are: DuckDB keeps it.
  const select = `SELECT ${columns.join(', ')} FROM (SELECT *, ${theirsSql(2)} AS theirs FROM read_parquet($1))`;
  await connection.run(copySql(select, 6, { groupRows, compression: 'zstd' }), [
    from,
    ...(await valuesOf(person)),
    person.salt,
    to,
  ]);
}

async function valuesOf({ users, devices, until }: PersonInRows): Promise<DuckDBValue[]> {
  const { timestampValue } = await loadDuckDb();
  // The whole of its last millisecond.
  return [users.join(','), devices.join(','), timestampValue(BigInt(until + 1) * 1_000n)];
}
