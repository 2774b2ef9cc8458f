import type { Gap, ReceiptCounts } from '../manifest.js';
import type { Receipt } from '../receipt.js';

/** A span of events' own times: `from` included, `to` not, epoch milliseconds. */
export type EventSpan = { from: number; to: number };

/** What is asked of the books of one destination. Only settled receipts whose delivery an API took are usage there. */
export type ReceiptReader = {
  /**
   * How many different usage events the API has to hold, by hour of the event's own time and code; a repeat of one
   * counts once, and of a record the version that is in effect (`inEffectSql`).
   * @returns hours since 1970
   */
  countUsage(span: EventSpan): Promise<{ hour: number; code: string; usages: number }[]>;
  /** These usage events, each once (its receipt in effect), ordered by time and then by id. */
  listUsage(code: string, span: EventSpan): AsyncIterable<Receipt>;
  /** Every receipt that has this id: message, usage or request. In the order in which they were settled. */
  find(id: string): Promise<Receipt[]>;
  /**
   * What a customer's usage is made of.
   * @param customer as sent, or the one whose subscription was looked up
   * @param samples how many ids of each line are told
   */
  explain(customer: string, span: EventSpan, samples?: number): Promise<Explanation>;
  /** Of closed files alone, as their manifests say it: it costs nothing, and what still lies in spools is missing. */
  counts(): Promise<CountedReceipts>;
  /** What is missing there: of spools alone. Reads them, and makes no rows. */
  spooledCounts(): Promise<ReceiptCounts>;
  /** When the first receipt that there is was settled, epoch milliseconds; null where there is none. */
  beginsAt(): Promise<number | null>;
  close(): Promise<void>;
};

export type Explanation = {
  /** Ordered by day, code, source and rule. */
  lines: ExplainedUsage[];
  /** Each who was billed, as sent; the customer where its subscription was looked up. */
  billed: { owner: string; customer?: string | undefined }[];
};

/** A customer's usage of one day, code, source and rule. */
export type ExplainedUsage = {
  /** Of the events' own time, UTC: `2026-11-01`. */
  day: string;
  code: string;
  source: string;
  rule: string;
  /** Usage events in effect: each counts once. */
  events: number;
  /** Of these: decimal sums of what was sent, by the property's name, of properties that are numbers. */
  sums: Record<string, string>;
  /** Of these: the API took them for a time whose bill was written. */
  late: number;
  /** Receipts beside these: repeats, and versions that a newer one has replaced. */
  duplicates: number;
  /** Message ids of some of the events. */
  samples: string[];
};

export type CountedReceipts = { counts: ReceiptCounts; gaps: Gap[] };
