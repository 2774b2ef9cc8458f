/**
 * A destination's queue is divided into shards: each is a queue by itself, with keys, an account and dead letters
 * of its own. The first has the name of the destination, the others have a number: `lago`, `lago@1`, `lago@2`.
 */
export function shardNames(destination: string, shards: number): string[] {
  return Array.from({ length: shards }, (_, number) =>
    number === 0 ? destination : `${destination}@${number}`,
  );
}

/** Whose shard it is. */
export function destinationOf(shard: string): string {
  return shard.split('@', 1)[0]!;
}

/** 0 for the first. */
export function shardNumber(shard: string): number {
  return Number(shard.split('@')[1] ?? 0);
}

/**
 * Redis keys of one shard of a destination's queue. The braces are a hash tag: on a Redis Cluster all of them live in
 * one slot, which the scripts and transactions here rely on.
 */
export type QueueKeys = {
  /** BullMQ's `prefix` option. */
  prefix: string;
  /** Hash: accepted, filtered, delivered and of it late, duplicate and of it olderRule and notCompared, dead, `dead:<reason>`, discarded; of the receiver's also notKept and keptBytes. */
  ledger: string;
  /** Hash: the same without reasons, by bucket: `<hour>/<source>/accepted`, … */
  hours: string;
  /** Hash: late usage, by month, owner and kind, in deliveries and in units (ledger/late-usage.ts). */
  lateUsage: string;
  /** Stream: one entry a dead letter. */
  deadLetters: string;
  /** Hash: how many dead letters there are, by day and fingerprint (dead-letters/letters.lua). */
  fingerprints: string;
  /** Hash: what people did to dead letters, by run. */
  deadLetterLog: string;
  /** Hash: of dead letters that were imported, the id they had before to the one they have. */
  imported: string;
  /** Stream: what settlements leave for the archive (receipts/). What else it needs lies under names behind this. */
  receipts: string;
  /** String: bytes that `receipts` and what its entries name take, about. */
  receiptBytes: string;
  /** Hash: deliveries that ended while too much waited for the archive, by bucket, and the span of their times. */
  receiptGaps: string;
  /** Hash: the job that a settlement ended, as it was before. */
  receiptJob: (rev: string) => string;
  /**
   * Hash: what a destination took and does not bill, by id (state/findings.ts); of the first shard alone. What else it
   * needs lies under names behind this.
   */
  findings: string;
  /** String: the gate's JSON. */
  gate: string;
  /** String, while somebody counts the jobs: whose count it is. What it needs lies under names behind this. */
  counting: string;
  /** Hash: how far a replay has come. */
  replay: (replayId: string) => string;
  /** Hash of one BullMQ job. */
  job: (jobId: string) => string;
  /** Any other key of the BullMQ queue: `wait`, `active`, … */
  bull: (type: string) => string;
};

/** BullMQ's queue name; the shard's name stands in the prefix. */
export const DELIVERIES = 'deliveries';
/** Where events that never became a delivery are dead-lettered. No destination may be called so. */
export const RECEIVER = 'receiver';

export function queueKeys(shard: string): QueueKeys {
  const prefix = `meterbridge:{${shard}}`;
  const bull = (type: string) => `${prefix}:${DELIVERIES}:${type}`;
  return {
    prefix,
    ledger: `${prefix}:ledger`,
    hours: `${prefix}:hours`,
    lateUsage: `${prefix}:late-usage`,
    deadLetters: `${prefix}:dead-letters`,
    fingerprints: `${prefix}:dead-letters:by-fingerprint`,
    deadLetterLog: `${prefix}:dead-letter-log`,
    imported: `${prefix}:imported`,
    receipts: `${prefix}:receipts`,
    receiptBytes: `${prefix}:receipts:bytes`,
    receiptGaps: `${prefix}:receipts:gaps`,
    receiptJob: (rev) => `${prefix}:receipts:job:${rev}`,
    findings: `${prefix}:findings`,
    gate: `${prefix}:gate`,
    counting: `${prefix}:counting`,
    replay: (replayId) => `${prefix}:replay:${replayId}`,
    job: bull,
    bull,
  };
}

/** What is kept apart for a billing account's reads, its gate and its limiter: a destination's name has no colon. */
export function readsOf(account: string): string {
  return `${account}:reads`;
}
