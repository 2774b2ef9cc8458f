import type { BatchData } from '../batch/batch-codec.js';

/**
 * How a delivery ended that needs nothing more: taken by its API as new; taken, and `late` for the bill of its time;
 * there before (`duplicate`), or there as an `older_rule` wrote it, or there as nobody could compare it
 * (`not_compared`).
 */
export type SettledOutcome = 'delivered' | 'late' | 'duplicate' | 'older_rule' | 'not_compared';

/** So many deliveries in a row that ended the same way. */
export type OutcomeRun = [outcome: SettledOutcome, deliveries: number];

/**
 * What one settlement leaves of the deliveries that it ended, or one write of a receiver of the events that no rule
 * took. It lies in a stream of its shard until it is on the archive's own disk.
 */
export type ReceiptEntry = {
  /** Its id in the stream, `<milliseconds>-<number>` by Redis' clock: when it was settled. */
  id: string;
} & (SettledEntry | FilteredEntry);

export type SettledEntry = {
  kind: 'settled';
  /** The job, and the revision that the settlement wrote: together they name this settlement and no other. */
  job: string;
  rev: string;
  /** The deliveries that ended, in the order of `outcomes`: all that the job held, or a part of it. */
  batch: BatchData;
  outcomes: OutcomeRun[];
  /** The version of the rules that sent what does not name one itself (`sentUnder`); absent where unknown. */
  rules?: string;
};

export type FilteredEntry = {
  kind: 'filtered';
  /** Events that no rule took: by bucket (`<hour>/<source>`), and in it by the event's name. */
  filtered: Record<string, Record<string, number>>;
};
