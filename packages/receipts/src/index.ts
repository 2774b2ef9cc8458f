/**
 * The books: what was delivered, kept for years in files of rows, and questions to them. It knows no Redis and no
 * terminal, and loads DuckDB only where files of rows are written or read. Begin with `Receipt`, then `Spool` (in),
 * `convertSpool` and `ReceiptReader` (out).
 */
export { claimStore, ForeignStoreError } from './claim-store.js';
export { convertSpool, type SpoolPlace } from './convert/convert-spool.js';
export { ConversionError } from './convert/run-program.js';
export { DuckDbMissingError } from './duckdb/load-duckdb.js';
export { replaceFile } from './durable-file.js';
export {
  type ErasedRows,
  type EraseOptions,
  erasePerson,
  isPersonInSpool,
} from './erase/erase-person.js';
export { type Erasure, readErasures } from './erase/erasures.js';
export type { PersonInRows } from './erase/person.js';
export { sha256OfFile } from './file-hash.js';
export { destinationsAmong, rulesFile, shardFolder } from './layout.js';
export {
  type Gap,
  type Manifest,
  ManifestError,
  type ManifestFile,
  type ReceiptCounts,
  readManifest,
  writeManifest,
} from './manifest.js';
export { createMemoryReader } from './memory-reader.js';
export { makePersonKey } from './person/person-key.js';
export { DecimalSum } from './reader/decimal-sum.js';
export { type BooksPlace, openReceipts } from './reader/open-receipts.js';
export type {
  Arrivals,
  CountedReceipts,
  EventSpan,
  ExplainedUsage,
  Explanation,
  ReceiptReader,
  SpanTotals,
  SpooledReceipts,
} from './reader/receipt-reader.js';
export {
  isForgotten,
  RECEIPT_OUTCOMES,
  type Receipt,
  type ReceiptOutcome,
  type SettledFields,
} from './receipt.js';
export { compileKeptRules, type RulesOf } from './rows/compile-kept-rules.js';
export { toReceipts } from './rows/to-receipts.js';
export { SpoolDamagedError } from './spool/read-frames.js';
export { readSpool, Spool } from './spool/spool.js';
export {
  beginSpool,
  endSpool,
  listSpools,
  nextSpool,
  recordFile,
  recordGaps,
  type ShardPlace,
  tidyShard,
} from './store.js';
