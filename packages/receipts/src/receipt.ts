import type { SettledOutcome } from '@meterbridge/delivery';

/** How a receipt's events ended; `filtered`: no rule of the destination took them. */
export type ReceiptOutcome = SettledOutcome | 'filtered';

/** Every one of them. */
export const RECEIPT_OUTCOMES = [
  'delivered',
  'late',
  'duplicate',
  'older_rule',
  'not_compared',
  'filtered',
] as const satisfies ReceiptOutcome[];

/**
 * One row of the books: one delivery that ended, or the events of one name that one write of a receiver filtered. What
 * was sent is made from the original event by the version of the rules that sent it; the original is not kept.
 */
export type Receipt = {
  /** When it was settled, epoch milliseconds by Redis' clock. */
  settledAt: number;
  /** The settlement's entry in its shard's stream, and the row's place in it from 0: together a row's only name. */
  entry: string;
  position: number;
  /** The queue that it went through: `lago`, `lago@1`. */
  shard: string;
  outcome: ReceiptOutcome;
  /** Events that it stands for: 1, and more only where they were filtered. */
  events: number;
  source: string;
  /** When it was accepted, in hours since 1970: where the ledger counts it. */
  acceptedHour: number;
  /** The event's name, or its call's type where that has none. */
  event: string;
} & Partial<SettledFields>;

/** Of a delivery that ended; a filtered one has none of these. */
export type SettledFields = {
  job: string;
  /** The job's revision that the settlement wrote: with the job, the settlement's only name. */
  rev: string;
  rule: string;
  /** The version of the rules that it was sent by; absent where unknown. */
  rules: string;
  /** Attempts until it ended, the last one too. */
  attempts: number;
  messageId: string;
  /** The event's own time, epoch milliseconds. */
  eventAt: number;
  /** The id of the request that brought it; absent where unknown. */
  request: string;
  /** The `type` of the destination that it was sent to. Absent, as all below, where the rules are not kept. */
  type: string;
  /** What it is called at the API: Lago's transaction_id, Hyperline's record id. */
  usageId: string;
  /** Who is billed, as sent: a customer (Hyperline), a subscription (Lago). */
  owner: string;
  /** The customer, where the subscription was looked up by it. */
  customer: string;
  /** What it is billed as: Lago's code, Hyperline's event type. */
  code: string;
  /** What was sent: the usage event's JSON. */
  usage: string;
  /** The event's `userId`, `anonymousId` and `previousId` as `HashId` has them. Written, and never read into a row. */
  userHash: string;
  anonymousHash: string;
  previousHash: string;
};

/**
 * Whether a row was of a person who was forgotten: it says when and what was settled, and not whose or which. Its
 * `usageId` only tells it from others, and is known nowhere else.
 */
export function isForgotten({ job, messageId }: Pick<Receipt, 'job' | 'messageId'>): boolean {
  return job !== undefined && messageId === undefined;
}
