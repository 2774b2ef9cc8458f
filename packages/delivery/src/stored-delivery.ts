import type { RequestRef, SegmentEvent } from '@meterbridge/segment-events';
import type { Tries } from './next-step.js';

export type { RequestRef };

/** One event under one rule of one destination, as it waits in Redis: the unit of account. */
export type StoredDelivery = {
  rule: string;
  source: string;
  /** The original event with its frozen identity; what mapping starts from, each time anew. */
  event: SegmentEvent;
  /**
   * When it was accepted, in hours since 1970: where its outcome is counted, however late it comes. Set on reading
   * where the job says it for all.
   */
  hour: number;
  /** The request that brought it; of a waiting one its job says it. */
  request?: RequestRef;
  /**
   * What was looked up for it at its destination, written down before it was first sent: whatever changes
   * there, a retry or a replay is the same usage event, as long as it is of the same customer.
   */
  resolved?: Resolved;
  /**
   * Set once it may have arrived: the version of the rules that it was sent under. It is mapped by that one from then
   * on, whatever the configuration says since: the same key, the same bytes. Nothing takes it away again.
   */
  sentUnder?: string;
  /** Failed attempts so far; absent before the first. */
  tries?: Tries;
  /** Earlier lives as a dead letter, oldest first. */
  history?: DeadLife[];
};

/** Which subscription a customer's usage goes to; both as the destination names them. */
export type Resolved = { customer: string; subscription: string };

/** Why and when a delivery was a dead letter before it was replayed. Times are epoch milliseconds. */
export type DeadLife = {
  reason: string;
  detail?: string;
  status?: number;
  attempts: number;
  /** When it died. */
  at: number;
  /** It was replayed with an event that somebody had changed. */
  edited?: Edit;
  /** The replay that ended it. */
  replay?: string;
  /** Somebody had it mapped anew although it may have arrived, under this version of the rules. */
  remapped?: string;
};

/** The person that changed an event, and when. */
export type Edit = { by: string; at: number };
