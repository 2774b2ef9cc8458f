import type { ReceiptOutcome } from './receipt.js';

/**
 * Which files of a shard count. A file that it does not name is none. Replaced as a whole, so that a reader sees all of
 * a change or nothing of it.
 */
export type Manifest = {
  format: 1;
  shard: string;
  files: ManifestFile[];
  /** Settlements of which nothing was kept since too much waited in Redis: the books have a hole there. */
  gaps: Gap[];
};

/** One closed file of rows. Times are epoch milliseconds, both ends included. */
export type ManifestFile = {
  /** Relative to the store. */
  name: string;
  rows: number;
  bytes: number;
  /** Hexadecimal. */
  sha256: string;
  /** Of the stream: the first and the last entry in it. */
  firstEntry: string;
  lastEntry: string;
  /** Of the events' own times; absent where no row has one. */
  eventFrom?: number;
  eventTo?: number;
  /** Events by bucket (`<hour>/<source>`), rule (empty for filtered ones) and outcome. */
  counts: Record<string, Record<string, Partial<Record<ReceiptOutcome, number>>>>;
};

/** Deliveries of one bucket that ended without a receipt. */
export type Gap = {
  bucket: string;
  deliveries: number;
  /** Of the events' own times. */
  eventFrom: number;
  eventTo: number;
};
