import type { OutcomeRun } from '@meterbridge/delivery';
import type { BatchData } from '../batch/batch-codec.js';

/**
 * What one settlement leaves of the deliveries that it ended, or one write of a receiver of the events that no rule
 * took. It lies in a stream of its shard until it is on the archive's own disk.
 */
export type ReceiptEntry = {
  /** Its id in the stream, `<milliseconds>-<number>` by Redis' clock: when it was settled. */
  id: string;
  /** Of all that is said here but the job's data, which has its own; left out for the first. */
  format?: number;
} & (SettledEntry | FilteredEntry);

/** What a settlement says of what it ended. */
export type ReceiptTold = {
  format?: number;
  /** The job, and the revision that the settlement wrote: together they name this settlement and no other. */
  job: string;
  rev: string;
  /** In the order of the deliveries. */
  outcomes: OutcomeRun[];
  /** The version of the rules that sent what does not name one itself (`sentUnder`); absent where unknown. */
  rules?: string;
};

export type SettledEntry = ReceiptTold & {
  kind: 'settled';
  /** The deliveries that ended: all that the job held, or a part of it. */
  batch: BatchData;
};

export type FilteredEntry = {
  kind: 'filtered';
  /** Events that no rule took: by bucket (`<hour>/<source>`), and in it by the event's name. */
  filtered: Record<string, Record<string, number>>;
};

/** How much may wait for the archive. */
export type ReceiptRoom = {
  /** Bytes of one shard's receipts; what ends beyond it has none, and is counted as a gap. */
  maxBytes: number;
};
