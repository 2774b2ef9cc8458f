import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DuckDBValue } from '@duckdb/node-api';
import { millisecondsOf } from '@meterbridge/queue/batch';
import { COLUMN_NAMES, fromStored, USAGE_ID_SQL } from '../duckdb/columns.js';
import { loadDuckDb } from '../duckdb/load-duckdb.js';
import { type Database, openDatabase } from '../duckdb/open-database.js';
import { readEntryNames } from '../duckdb/read-entry-names.js';
import { readStored } from '../duckdb/read-stored.js';
import type { ManifestFile, ReceiptCounts } from '../manifest.js';
import type { Receipt } from '../receipt.js';
import { addCounts } from './add-counts.js';
import { UsageExplanation } from './explain-usage.js';
import { CONCERNS_SPAN_SQL, inEffectSql, TURN_SQL, VERSIONED_TYPES } from './in-effect.js';
import { countSpools, loadSpools, SPOOLED } from './load-spools.js';
import { closeShards, firstEntryOf, type OpenShard, openShards } from './open-shards.js';
import type { EventSpan, Explanation, ReceiptReader } from './receipt-reader.js';

const MEMORY_MB = 1_024;

/**
 * Opens the books of a destination as they are now: what comes later is not in them.
 * @param dir the store
 * @throws ManifestError; DuckDbMissingError once something is asked that the manifests do not say
 */
export async function openReceipts(place: { dir: string; destination: string }): Promise<ReceiptReader> {
  return new StoredReceipts(place.dir, await openShards(place.dir, place.destination));
}

type Values = Record<string, DuckDBValue>;

class StoredReceipts implements ReceiptReader {
  private readonly dir: string;
  private readonly shards: readonly OpenShard[];
  private opened: Promise<Database & { temporary: string }> | undefined;

  constructor(dir: string, shards: readonly OpenShard[]) {
    this.dir = dir;
    this.shards = shards;
  }

  async countUsage(span: EventSpan): Promise<{ hour: number; code: string; usages: number }[]> {
    const sql = (receipts: string) =>
      `SELECT epoch_ms(event_at) // 3600000 AS hour, code, count(*) AS usages
       FROM (${inEffectSql(receipts)}) GROUP BY ALL ORDER BY ALL`;
    const usages: { hour: number; code: string; usages: number }[] = [];
    for await (const stored of this.query(sql, this.filesOf(span), await spanValues(span))) {
      usages.push(stored as (typeof usages)[0]);
    }
    return usages;
  }

  async *listUsage(code: string, span: EventSpan): AsyncGenerator<Receipt, void> {
    const sql = (receipts: string) =>
      `SELECT * FROM (${inEffectSql(receipts)}) WHERE code = $code ORDER BY event_at, ${USAGE_ID_SQL}`;
    const values = { ...(await spanValues(span)), code };
    for await (const stored of this.query(sql, this.filesOf(span), values)) yield fromStored(stored);
  }

  async find(id: string): Promise<Receipt[]> {
    // One by one: only an equation of one column is looked up in the bloom filters. A usage event that is called as its
    // message is found by that.
    const columns = ['message_id', 'usage_id', 'request'];
    const sql = (receipts: string) =>
      columns.map((column) => `SELECT * FROM ${receipts} WHERE ${column} = $id`).join(' UNION ALL ');
    const found = new Map<string, Receipt>();
    for await (const stored of this.query(sql, this.files(), { id })) {
      const receipt = fromStored(stored);
      found.set(`${receipt.shard} ${receipt.entry} ${receipt.position}`, receipt);
    }
    return [...found.values()].toSorted((one, other) => one.settledAt - other.settledAt);
  }

  async explain(customer: string, span: EventSpan, samples = 0): Promise<Explanation> {
    // Whose usage a record was before another customer's took its place, it is no more: all that may be one with it counts.
    const sql = (receipts: string) => {
      const concerned = `SELECT * FROM ${receipts} WHERE ${CONCERNS_SPAN_SQL}`;
      const own = 'owner = $customer OR customer = $customer';
      return `SELECT * FROM (
          SELECT *, ${TURN_SQL} AS turn FROM (${concerned})
          WHERE ${USAGE_ID_SQL} IN (SELECT ${USAGE_ID_SQL} FROM (${concerned}) WHERE ${own})
        ) WHERE event_at < $to AND (${own}) ORDER BY event_at, entry, place`;
    };
    const values = { ...(await spanValues(span)), customer };
    const explanation = new UsageExplanation(samples);
    for await (const stored of this.query(sql, this.filesOf(span), values)) {
      explanation.add({ receipt: fromStored(stored), isInEffect: stored.turn === 1 });
    }
    return explanation.result();
  }

  async counts() {
    const manifests = this.shards.map(({ manifest }) => manifest);
    const counts = addCounts(manifests.flatMap(({ files }) => files.map((file) => file.counts)));
    return { counts, gaps: manifests.flatMap(({ gaps }) => gaps) };
  }

  async spooledCounts(): Promise<ReceiptCounts> {
    const counts: ReceiptCounts[] = [];
    for (const shard of this.shards) {
      const namesOf = async ({ name }: ManifestFile) =>
        readEntryNames((await this.database()).connection, join(this.dir, name));
      counts.push(await countSpools(shard, namesOf));
    }
    return addCounts(counts);
  }

  async beginsAt(): Promise<number | null> {
    const firsts = await Promise.all(this.shards.map(firstEntryOf));
    const times = firsts.flatMap((id) => (id === undefined ? [] : [millisecondsOf(id)]));
    return times.length === 0 ? null : Math.min(...times);
  }

  async close(): Promise<void> {
    const opened = await this.opened?.catch(() => undefined);
    opened?.close();
    if (opened) await rm(opened.temporary, { recursive: true, force: true });
    await closeShards(this.shards);
  }

  /** Rows of a query over files and spools; on a connection of its own, so that others may be asked meanwhile. */
  private async *query(sql: (receipts: string) => string, files: ManifestFile[], values: Values) {
    const { instance } = await this.database();
    const { listValue } = await loadDuckDb();
    const paths = listValue(files.map(({ name }) => join(this.dir, name)));
    const stored = `SELECT ${COLUMN_NAMES} FROM read_parquet($files) UNION ALL`;
    const receipts = `(${files.length > 0 ? stored : ''} SELECT ${COLUMN_NAMES} FROM ${SPOOLED})`;
    const connection = await instance.connect();
    try {
      const all = files.length > 0 ? { ...values, files: paths } : values;
      yield* readStored(connection, sql(receipts), all);
    } finally {
      connection.closeSync();
    }
  }

  private files(): ManifestFile[] {
    return this.shards.flatMap(({ manifest }) => manifest.files);
  }

  /** Those that may have usage of the span, or versions that replace it. */
  private filesOf({ from, to }: EventSpan): ManifestFile[] {
    return this.files().filter(({ eventFrom, eventTo, types }) => {
      if (eventFrom === undefined || eventTo === undefined || eventTo < from) return false;
      return eventFrom < to || types.some((type) => VERSIONED_TYPES.includes(type));
    });
  }

  private database(): Promise<Database & { temporary: string }> {
    this.opened ??= this.openDatabase();
    return this.opened;
  }

  private async openDatabase(): Promise<Database & { temporary: string }> {
    const temporary = await mkdtemp(join(tmpdir(), 'meterbridge-books-'));
    try {
      const database = await openDatabase({ temporary, memoryMb: MEMORY_MB });
      await loadSpools(database.connection, this.dir, this.shards);
      return { ...database, temporary };
    } catch (error) {
      await rm(temporary, { recursive: true, force: true });
      throw error;
    }
  }
}

async function spanValues({ from, to }: EventSpan): Promise<Values> {
  const { timestampValue } = await loadDuckDb();
  return { from: timestampValue(BigInt(from) * 1_000n), to: timestampValue(BigInt(to) * 1_000n) };
}
