import type { Gap, ManifestFile, ReceiptCounts } from '../manifest.js';
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
  /** What all usage of a span comes to. */
  totals(span: EventSpan): Promise<SpanTotals>;
  /** Deliveries whose event was in the span: when they were accepted, and from where. */
  arrivals(span: EventSpan): Promise<Arrivals[]>;
  /** What of a span lies in spools and is in no file yet. */
  spooled(span: EventSpan): Promise<SpooledReceipts>;
  /**
   * Files that may say something of a span: its deliveries, what is in effect instead of them, or what was filtered in its
   * hours. What came first may be in any file.
   */
  filesOf(span: EventSpan): ManifestFile[];
  /** How many deliveries of a span each of these files has; files without any are left out. */
  deliveriesByFile(span: EventSpan): Promise<Record<string, number>>;
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

/** Usage of a span, and what is known of the deliveries beside it. */
export type SpanTotals = {
  /** Ordered by code. */
  codes: Pick<ExplainedUsage, 'code' | 'events' | 'sums' | 'late' | 'duplicates'>[];
  /** Deliveries of which nobody knows what was sent, since their rules are not kept. */
  unknown: number;
  /** Events that no rule took, of those that were accepted in the span's hours. Of files alone. */
  filtered: number;
  /** Versions of the rules that they were sent by, in order. */
  rules: string[];
};

/** Deliveries of one source, one hour of acceptance and one day of their events' own time. */
export type Arrivals = {
  source: string;
  /** In hours since 1970. */
  acceptedHour: number;
  /** UTC: `2026-11-01`. */
  day: string;
  deliveries: number;
  /** Of the last event, epoch milliseconds. */
  lastAt: number;
};

export type SpooledReceipts = {
  /** Deliveries whose event was in the span, and events that were filtered in its hours. */
  events: number;
  /** When the last of them was settled, epoch milliseconds. */
  settledAt: number | null;
};

export type CountedReceipts = { counts: ReceiptCounts; gaps: Gap[] };
