/**
 * Redis keys of one destination's queue. The braces are a hash tag: on a Redis Cluster all of them live in
 * one slot, which the scripts and transactions here rely on.
 */
export type QueueKeys = {
  /** BullMQ's `prefix` option. */
  prefix: string;
  /** Hash: accepted, filtered, delivered, duplicate, dead, `dead:<reason>`, discarded. */
  ledger: string;
  /** Hash: the same without reasons, by cell: `<hour>/<source>/accepted`, … */
  hours: string;
  /** Stream: one entry a dead letter. */
  deadLetters: string;
  /** Hash: what people did to dead letters, by run. */
  deadLetterLog: string;
  /** Hash: of dead letters that were imported, the id they had before to the one they have. */
  imported: string;
  /** String: the gate's JSON. */
  gate: string;
  /** String, while somebody counts the jobs: whose count it is. What it needs lies under names behind this. */
  counting: string;
  /** Hash of one BullMQ job. */
  job: (jobId: string) => string;
  /** Any other key of the BullMQ queue: `wait`, `active`, … */
  bull: (type: string) => string;
};

/** BullMQ's queue name; the destination's name stands in the prefix. */
export const DELIVERIES = 'deliveries';
/** Where events that never became a delivery are dead-lettered. No destination may be called so. */
export const RECEIVER = 'receiver';

export function queueKeys(destination: string): QueueKeys {
  const prefix = `meterbridge:{${destination}}`;
  const bull = (type: string) => `${prefix}:${DELIVERIES}:${type}`;
  return {
    prefix,
    ledger: `${prefix}:ledger`,
    hours: `${prefix}:hours`,
    deadLetters: `${prefix}:dead-letters`,
    deadLetterLog: `${prefix}:dead-letter-log`,
    imported: `${prefix}:imported`,
    gate: `${prefix}:gate`,
    counting: `${prefix}:counting`,
    job: bull,
    bull,
  };
}

/** What is kept apart for a destination's reads, its gate and its limiter: a destination's name has no colon. */
export function readsOf(destination: string): string {
  return `${destination}:reads`;
}
