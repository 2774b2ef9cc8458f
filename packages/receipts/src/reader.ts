import type { Receipt } from './receipt.js';

/** A span of events' own times: `from` included, `to` not, epoch milliseconds. */
export type EventSpan = { from: number; to: number };

/** What is asked of the books of one destination. Only settled receipts whose delivery an API took are usage there. */
export type ReceiptReader = {
  /**
   * How many different usage events the API has to hold, by hour of the event's own time and code; a repeat of one
   * counts once.
   * @returns hours since 1970
   */
  countUsage(span: EventSpan): Promise<{ hour: number; code: string; usages: number }[]>;
  /** These usage events, each once (its first receipt), ordered by time and then by id. */
  listUsage(code: string, span: EventSpan): AsyncIterable<Receipt>;
  /** Every receipt that has this id: message, usage or request. */
  find(id: string): Promise<Receipt[]>;
  close(): Promise<void>;
};
