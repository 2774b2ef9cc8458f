import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DuckDBValue } from '@duckdb/node-api';
import { millisecondsOf } from '@meterbridge/queue/batch';
import { fromStored, READ_COLUMN_NAMES, USAGE_ID_SQL } from '../duckdb/columns.js';
import { loadDuckDb } from '../duckdb/load-duckdb.js';
import { type Database, openDatabase } from '../duckdb/open-database.js';
import { readEntryNames } from '../duckdb/read-entry-names.js';
import { readStored } from '../duckdb/read-stored.js';
import type { ManifestFile, ReceiptCounts } from '../manifest.js';
import type { Receipt } from '../receipt.js';
import { addCounts } from './add-counts.js';
import { UsageExplanation, UsageTotals } from './explain-usage.js';
import { filteredOf } from './filtered-of.js';
import { createReplacedSql, IS_IN_SPAN_SQL, inEffectSql, usageSql, VERSIONED_TYPES } from './in-effect.js';
import { countSpools, loadSpools, SPOOLED } from './load-spools.js';
import { closeShards, firstEntryOf, type OpenShard, openShards } from './open-shards.js';
import type {
  Arrivals,
  EventSpan,
  Explanation,
  ReceiptReader,
  SpanTotals,
  SpooledReceipts,
} from './receipt-reader.js';

const MEMORY_MB = 1_024;
const HOUR_MS = 3_600_000;

export type BooksPlace = {
  /** The store. */
  dir: string;
  destination: string;
  /** Names of files, as manifests have them: nothing else is read, and no spool. */
  only?: ReadonlySet<string>;
};

/**
 * Opens the books of a destination as they are now: what comes later is not in them.
 * @throws ManifestError; DuckDbMissingError once something is asked that the manifests do not say
 */
export async function openReceipts({ dir, destination, only }: BooksPlace): Promise<ReceiptReader> {
  const shards = await openShards(dir, destination);
  return new StoredReceipts(dir, only === undefined ? shards : await restrict(shards, only));
}

async function restrict(shards: readonly OpenShard[], only: ReadonlySet<string>): Promise<OpenShard[]> {
  await closeShards(shards);
  return shards.map((shard) => {
    const files = shard.manifest.files.filter(({ name }) => only.has(name));
    return { ...shard, manifest: { ...shard.manifest, files }, spools: [] };
  });
}

type Values = Record<string, DuckDBValue>;

class StoredReceipts implements ReceiptReader {
  private readonly dir: string;
  private readonly shards: readonly OpenShard[];
  private opened: Promise<Database & { temporary: string }> | undefined;
  private replaced: Promise<void> | undefined;

  constructor(dir: string, shards: readonly OpenShard[]) {
    this.dir = dir;
    this.shards = shards;
  }

  async countUsage(span: EventSpan): Promise<{ hour: number; code: string; usages: number }[]> {
    const sql = (receipts: string) =>
      `SELECT epoch_ms(event_at) // 3600000 AS hour, code, count(*) AS usages
       FROM (${inEffectSql(receipts)}) GROUP BY ALL ORDER BY ALL`;
    const usages: { hour: number; code: string; usages: number }[] = [];
    for await (const stored of this.queryUsage(sql, span)) {
      usages.push(stored as (typeof usages)[0]);
    }
    return usages;
  }

  async *listUsage(code: string, span: EventSpan): AsyncGenerator<Receipt, void> {
    const sql = (receipts: string) =>
      `SELECT * FROM (${inEffectSql(receipts)}) WHERE code = $code ORDER BY event_at, ${USAGE_ID_SQL}`;
    for await (const stored of this.queryUsage(sql, span, { code })) yield fromStored(stored);
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
    const sql = (receipts: string) =>
      `SELECT * FROM (${usageSql(receipts)})
       WHERE owner = $customer OR customer = $customer ORDER BY event_at, entry, place`;
    const explanation = new UsageExplanation(samples);
    for await (const stored of this.queryUsage(sql, span, { customer })) {
      explanation.add({ receipt: fromStored(stored), isInEffect: stored.is_replaced === 0 });
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

  async totals(span: EventSpan): Promise<SpanTotals> {
    const codes = new Map<string, UsageTotals>();
    const rules = new Set<string>();
    for await (const stored of this.queryUsage(usageSql, span)) {
      const receipt = fromStored(stored);
      const totals = codes.get(receipt.code!) ?? new UsageTotals();
      codes.set(receipt.code!, totals);
      totals.add({ receipt, isInEffect: stored.is_replaced === 0 });
      if (receipt.rules !== undefined) rules.add(receipt.rules);
    }
    return {
      codes: [...codes.keys()].toSorted().map((code) => ({ code, ...codes.get(code)!.result() })),
      unknown: await this.countUnknown(span),
      filtered: filteredOf(this.files(), span),
      rules: [...rules].toSorted(),
    };
  }

  async arrivals(span: EventSpan): Promise<Arrivals[]> {
    const sql = (receipts: string) =>
      `SELECT source, accepted_hour AS "acceptedHour", strftime(event_at, '%Y-%m-%d') AS day,
         count(*) AS deliveries, epoch_ms(max(event_at)) AS "lastAt"
       FROM ${receipts} WHERE ${IS_IN_SPAN_SQL} GROUP BY ALL ORDER BY ALL`;
    return this.all<Arrivals>(sql, this.deliveryFilesOf(span), await spanValues(span));
  }

  async spooled(span: EventSpan): Promise<SpooledReceipts> {
    const none = { events: 0, settledAt: null };
    if (this.shards.every(({ spools }) => spools.length === 0)) return none;
    const isFiltered = `outcome = 'filtered' AND accepted_hour >= $from_hour AND accepted_hour < $to_hour`;
    const sql = (receipts: string) =>
      `SELECT coalesce(sum(events), 0) AS events, epoch_ms(max(settled_at)) AS "settledAt"
       FROM ${receipts} WHERE (${IS_IN_SPAN_SQL}) OR (${isFiltered})`;
    const hours = { from_hour: Math.ceil(span.from / HOUR_MS), to_hour: Math.ceil(span.to / HOUR_MS) };
    const [found] = await this.all<SpooledReceipts>(sql, [], { ...(await spanValues(span)), ...hours });
    return found ?? none;
  }

  filesOf(span: EventSpan): ManifestFile[] {
    return this.files().filter(
      (file) => isTouching(file, span) || mayDecide(file, span) || filteredOf([file], span) > 0,
    );
  }

  async deliveriesByFile(span: EventSpan): Promise<Record<string, number>> {
    const deliveries: Record<string, number> = {};
    const values = await spanValues(span);
    for (const file of this.deliveryFilesOf(span)) {
      const sql = `SELECT count(*) AS deliveries FROM read_parquet($files) WHERE ${IS_IN_SPAN_SQL}`;
      const [counted] = await this.all<{ deliveries: number }>(() => sql, [file], values);
      if (counted!.deliveries > 0) deliveries[file.name] = counted!.deliveries;
    }
    return deliveries;
  }

  async close(): Promise<void> {
    const opened = await this.opened?.catch(() => undefined);
    opened?.close();
    if (opened) await rm(opened.temporary, { recursive: true, force: true });
    await closeShards(this.shards);
  }

  /** Rows of a query over receipts that may be usage of a span. */
  private async *queryUsage(sql: (receipts: string) => string, span: EventSpan, values: Values = {}) {
    await this.findReplaced();
    yield* this.query(sql, this.usageFilesOf(span), { ...values, ...(await spanValues(span)) });
  }

  /** Looks through all of the books, once: they stay as they are. */
  private findReplaced(): Promise<void> {
    this.replaced ??= this.createReplaced();
    return this.replaced;
  }

  private async createReplaced(): Promise<void> {
    const files = this.files().filter(({ types }) => types.length > 0);
    for await (const _ of this.query(createReplacedSql, files, {}));
  }

  /** Rows of a query over files and spools; on a connection of its own, so that others may be asked meanwhile. */
  private async *query(sql: (receipts: string) => string, files: ManifestFile[], values: Values) {
    const { instance } = await this.database();
    const { listValue } = await loadDuckDb();
    const paths = listValue(files.map(({ name }) => join(this.dir, name)));
    const stored = `SELECT ${READ_COLUMN_NAMES} FROM read_parquet($files) UNION ALL`;
    const receipts = `(${files.length > 0 ? stored : ''} SELECT ${READ_COLUMN_NAMES} FROM ${SPOOLED})`;
    const connection = await instance.connect();
    try {
      const all = files.length > 0 ? { ...values, files: paths } : values;
      yield* readStored(connection, sql(receipts), all);
    } finally {
      connection.closeSync();
    }
  }

  private async all<Row>(sql: (receipts: string) => string, files: ManifestFile[], values: Values) {
    const rows: Row[] = [];
    for await (const stored of this.query(sql, files, values)) rows.push(stored as Row);
    return rows;
  }

  private async countUnknown(span: EventSpan): Promise<number> {
    const sql = (receipts: string) =>
      `SELECT count(*) AS unknown FROM ${receipts} WHERE type IS NULL AND ${IS_IN_SPAN_SQL}`;
    const files = this.deliveryFilesOf(span);
    const [counted] = await this.all<{ unknown: number }>(sql, files, await spanValues(span));
    return counted!.unknown;
  }

  private files(): ManifestFile[] {
    return this.shards.flatMap(({ manifest }) => manifest.files);
  }

  /** Those that may have deliveries whose event was in the span, also such of which nobody knows what was sent. */
  private deliveryFilesOf(span: EventSpan): ManifestFile[] {
    return this.files().filter((file) => isTouching(file, span));
  }

  /** Those that may have usage of the span. */
  private usageFilesOf(span: EventSpan): ManifestFile[] {
    return this.deliveryFilesOf(span).filter(({ types }) => types.length > 0);
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

/** Whether it may have a delivery whose event was in the span. */
function isTouching({ eventFrom, eventTo }: ManifestFile, { from, to }: EventSpan): boolean {
  return eventFrom !== undefined && eventTo !== undefined && eventFrom < to && eventTo >= from;
}

/** Whether it may have what is in effect instead of usage of the span: a newer version, or what came first, of any day. */
function mayDecide({ eventTo, types }: ManifestFile, { from }: EventSpan): boolean {
  return types.some((type) => !VERSIONED_TYPES.includes(type) || (eventTo !== undefined && eventTo >= from));
}

async function spanValues({ from, to }: EventSpan): Promise<Values> {
  const { timestampValue } = await loadDuckDb();
  return { from: timestampValue(BigInt(from) * 1_000n), to: timestampValue(BigInt(to) * 1_000n) };
}
