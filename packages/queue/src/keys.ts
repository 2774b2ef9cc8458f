/**
 * Redis keys of one destination's queue. The braces are a hash tag: on a Redis Cluster all of them live in
 * one slot, which the scripts and transactions here rely on.
 */
export type QueueKeys = {
  /** BullMQ's `prefix` option. */
  prefix: string;
  /** Hash: accepted, filtered, delivered, duplicate, dead, `dead:<reason>`. */
  ledger: string;
  /** Hash: the same without reasons, by cell: `<hour>/<source>/accepted`, … */
  hours: string;
  /** Stream: one entry a dead letter. */
  deadLetters: string;
  /** String: the gate's JSON. */
  gate: string;
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
    gate: `${prefix}:gate`,
    job: bull,
    bull,
  };
}
