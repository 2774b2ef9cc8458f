import { bucketOf, type DeadLetter, formatToWrite, type Settlement } from '@meterbridge/delivery';
import type { Redis } from 'ioredis';
import { type BatchData, encodeDeliveries } from '../batch/batch-codec.js';
import { encodeDeadLetter } from '../dead-letters/dead-letter-codec.js';
import { writeFingerprint } from '../dead-letters/fingerprint.js';
import type { QueueKeys } from '../keys/keys.js';
import { encodeLateUsage } from '../ledger/late-usage.js';
import type { ReceiptRoom, ReceiptTold } from '../receipts/receipt-entry.js';
import { defineScript } from '../redis/script.js';
import { SCRIPTS } from '../scripts.generated.js';

const RECEIPT_FORMAT = formatToWrite('receipt');

const settleScript = defineScript(SCRIPTS['work/settle']);
const takeTurnBackScript = defineScript(SCRIPTS['work/take-turn-back']);

/**
 * `ended`: all of the job is settled, and it is gone; `settled`: written, and something remains, or the job waits to
 * be taken once more; `stale`: another hand, or another server, has gone on with this job; `gone`: it ended in
 * another hand, or this server never had it. What is stale or gone was not written.
 */
export type SettleResult = 'ended' | 'settled' | 'stale' | 'gone';

export type SettleRequest = {
  jobId: string;
  /** The revision that was read with the job. */
  rev: string;
  /** The one that is written: unique to this attempt at settling. */
  nextRev: string;
  settlement: Settlement;
  /** For the receipt of what ended: what is known of the attempt, and how much may wait. Left out where none is kept. */
  receipt?: (AttemptFacts & ReceiptRoom) | undefined;
  /** As in `BatchData`, from now on. */
  notes: Pick<BatchData, 'isolation' | 'rules' | 'isPinned' | 'turns'>;
};

export type AttemptFacts = {
  /** The version of the rules that sent what does not name one itself; absent where unknown. */
  rules?: string;
  /** The first and the last of the times of the events that were tried, ISO 8601; absent where none was. */
  span?: { from: string; to: string };
};

export async function writeSettlement(
  redis: Redis,
  keys: QueueKeys,
  request: SettleRequest,
): Promise<{ result: SettleResult; data: BatchData }> {
  const { jobId, settlement, rev, nextRev } = request;
  const data: BatchData = { ...encodeDeliveries(settlement.remainder, nextRev), ...request.notes };
  const letters = await encodeLetters(settlement.dead);
  const { replayed } = settlement;
  const result = await settleScript.run<SettleResult>(
    redis,
    {
      job: keys.job(jobId),
      ledger: keys.ledger,
      hours: keys.hours,
      deadLetters: keys.deadLetters,
      fingerprints: keys.fingerprints,
      counting: keys.counting,
      active: keys.bull('active'),
      stalled: keys.bull('stalled'),
      lateUsage: keys.lateUsage,
      receipts: keys.receipts,
      receiptBytes: keys.receiptBytes,
      receiptGaps: keys.receiptGaps,
      receiptJob: keys.receiptJob(nextRev),
      replay: replayed && keys.replay(replayed.replay),
    },
    {
      rev,
      nextRev,
      data: JSON.stringify(data),
      remaining: data.n,
      cells: JSON.stringify(data.cells),
      jobId,
      duplicates: replayed?.duplicates ?? 0,
      counts: JSON.stringify(settlement.byBucket),
      late: encodeLateUsage(settlement.lateUsage),
      ...receiptOf(request),
      letters,
    },
  );
  return { result, data };
}

/** What the archive is told of what a settlement ended. */
function receiptOf({ jobId, nextRev, settlement, receipt }: SettleRequest) {
  const { deliveries, outcomes } = settlement.ended;
  if (!receipt || outcomes.length === 0) return NO_RECEIPT;
  const told: ReceiptTold = {
    format: RECEIPT_FORMAT,
    job: jobId,
    rev: nextRev,
    outcomes,
    rules: receipt.rules,
  };
  return {
    receipt: JSON.stringify(told),
    part: deliveries === 'all' ? '' : JSON.stringify(encodeDeliveries(deliveries)),
    receiptLimit: receipt.maxBytes,
    from: receipt.span?.from ?? '',
    to: receipt.span?.to ?? '',
  };
}

const NO_RECEIPT = { receipt: '', part: '', receiptLimit: 0, from: '', to: '' };

/**
 * A turn in which nothing was sent counts as none: what the job holds is mapped by the rules of then, whenever that
 * is. Nothing happens where the job is in another hand.
 * @param turn which it is, from 1: BullMQ's counter of starts
 */
export async function takeTurnBack(
  redis: Redis,
  keys: QueueKeys,
  { jobId, token, turn }: { jobId: string; token: string; turn: number },
): Promise<void> {
  const job = keys.job(jobId);
  await takeTurnBackScript.run(redis, { job, lock: `${job}:lock` }, { token, turn });
}

/** Letters that are compressed before others have a turn: half a millisecond. */
const AT_ONCE = 20;

/** A hundred dead letters cost as much as a thousand deliveries: what else goes on does not wait for all of them. */
async function encodeLetters(dead: readonly DeadLetter[]): Promise<(string | Buffer)[]> {
  const encoded: (string | Buffer)[] = [];
  for (const [index, letter] of dead.entries()) {
    if (index > 0 && index % AT_ONCE === 0) await new Promise((resolve) => setImmediate(resolve));
    const { reason, hour, source } = letter;
    const { digest, text } = writeFingerprint(reason, letter);
    encoded.push(reason, encodeDeadLetter(letter), bucketOf(hour, source), digest, text);
  }
  return encoded;
}
