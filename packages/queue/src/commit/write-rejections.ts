import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { bucketOf, hourAt, splitBucket } from '@meterbridge/delivery';
import type { RefusalCount, RequestRef } from '@meterbridge/segment-events';
import type { Redis } from 'ioredis';
import { encodeDeadLetterSoon } from '../dead-letters/dead-letter-codec.js';
import { writeFingerprint } from '../dead-letters/fingerprint.js';
import { queueKeys, RECEIVER } from '../keys/keys.js';
import { asStoreError, StoreUnavailableError } from '../redis/errors.js';
import { prepareWait } from '../redis/replication.js';
import { defineScript } from '../redis/script.js';
import { SCRIPTS } from '../scripts.generated.js';
import type { RejectedEvent } from './routed-event.js';

export type RejectionOptions = {
  redis: Redis;
  /** Epoch milliseconds: the hour in which what is written now came. */
  now: () => number;
  /** As in `LaneOptions`. */
  replicas: number;
  /** The most that all letters of refused events may take of Redis, in bytes; no bound where left out. */
  budgetBytes?: () => number;
  /** Told of refused events that Redis has counted and not kept. */
  onNotKept?: (counts: readonly RefusalCount[], request?: RequestRef) => void;
};

/** Of the whole budget, what one source may take; and of that, what it may take within one hour. */
const SOURCE_SHARE = 1 / 4;
const HOUR_SHARE = 1 / 2;

/** What Redis takes for an entry beside its compressed letter; and for that, since memory comes in steps (measured). */
const ENTRY_BYTES = 130;
const STEP_FACTOR = 1.2;

/** How long a source whose budget is used up has its events counted without a try to keep them. */
const FULL_MS = 1_000;

/** Compresses letters for so long in one go: other requests wait no longer than that. */
const SLICE_MS = 10;

/**
 * A write whose answer was lost is said again for so long: it writes once, and its sender is told of a failure only
 * where Redis stays away.
 */
const PATIENCE_MS = 2_500;
const AGAIN_MS = 100;
const RECEIPT_MS = 4 * PATIENCE_MS;

const rejectScript = defineScript(SCRIPTS['commit/write-rejections']);

type Letters = (string | number | Buffer)[];

/**
 * Writes what the receiver has refused: letters as far as their budget goes, and the count of the rest. The budget is
 * kept by Redis, in the script that writes, so that any number of receivers share it.
 */
export class RejectionWriter {
  private readonly options: RejectionOptions;
  /** Until when a source's events are only counted, in milliseconds of `performance.now`. */
  private readonly fullUntil = new Map<string, number>();

  constructor(options: RejectionOptions) {
    this.options = options;
  }

  /**
   * Resolves once Redis has all letters and all counts, of one request together. Throws as `DeliveryWriter.commit` does.
   * @param rejected to be kept
   * @param counted not to be kept
   */
  async write(
    rejected: readonly RejectedEvent[],
    counted: readonly RefusalCount[],
    request?: RequestRef,
  ): Promise<void> {
    const hour = hourAt(this.options.now());
    const now = performance.now();
    const isFull = ({ source }: RejectedEvent) => (this.fullUntil.get(source) ?? 0) > now;
    const notKept = [...counted, ...countRefusals(rejected.filter(isFull))];
    const letters = await encodeAll(
      rejected.filter((each) => !isFull(each)),
      hour,
    );
    const counts = notKept.flatMap(({ source, reason, events }) => [bucketOf(hour, source), reason, events]);
    const left = await this.writeOnce(letters, JSON.stringify(counts));
    for (const { source } of left) this.fullUntil.set(source, performance.now() + FULL_MS);
    if (notKept.length + left.length > 0) this.options.onNotKept?.([...notKept, ...left], request);
  }

  /** Says it until Redis answers: what has its receipt is not written a second time. */
  private async writeOnce(letters: Letters, others: string): Promise<RefusalCount[]> {
    const receipt = `${queueKeys(RECEIVER).prefix}:receipt:${randomUUID()}`;
    const until = performance.now() + PATIENCE_MS;
    for (;;) {
      try {
        return await this.run(receipt, letters, others);
      } catch (error) {
        const storeError = asStoreError(error);
        const mayBeWritten = storeError instanceof StoreUnavailableError;
        if (!mayBeWritten || performance.now() > until) throw storeError;
        await sleep(AGAIN_MS);
      }
    }
  }

  private async run(receipt: string, letters: Letters, others: string): Promise<RefusalCount[]> {
    const { redis, replicas, budgetBytes } = this.options;
    const { ledger, hours, deadLetters, fingerprints } = queueKeys(RECEIVER);
    const maxBytes = Math.floor(budgetBytes?.() ?? Number.MAX_SAFE_INTEGER);
    const maxSourceBytes = Math.floor(maxBytes * SOURCE_SHARE);
    const maxHourBytes = Math.floor(maxSourceBytes * HOUR_SHARE);
    const untilReplicated = await prepareWait(redis, ledger, replicas);
    const left = await rejectScript.run<string>(
      redis,
      { ledger, hours, deadLetters, fingerprints, receipt },
      { receiptMs: RECEIPT_MS, maxBytes, maxSourceBytes, maxHourBytes, others, letters },
    );
    await untilReplicated();
    return readLeft(left);
  }
}

/** How many events of each source were refused for each reason. */
function countRefusals(rejected: readonly RejectedEvent[]): RefusalCount[] {
  const counts = new Map<string, RefusalCount>();
  for (const { source, reason } of rejected) {
    const name = `${source}/${reason}`;
    const known = counts.get(name);
    if (known) known.events += 1;
    else counts.set(name, { source, reason, events: 1 });
  }
  return [...counts.values()];
}

async function encodeAll(rejected: readonly RejectedEvent[], hour: number): Promise<Letters> {
  const letters: Letters = [];
  let since = performance.now();
  for (const rejection of rejected) {
    const { reason, source } = rejection;
    const { digest, text } = writeFingerprint(reason, rejection);
    const encoding = encodeDeadLetterSoon(rejection);
    const z = encoding instanceof Promise ? await encoding : encoding;
    letters.push(
      reason,
      z,
      bucketOf(hour, source),
      digest,
      text,
      Math.ceil(z.length * STEP_FACTOR) + ENTRY_BYTES,
    );
    if (performance.now() - since < SLICE_MS) continue;
    await new Promise((resolve) => setImmediate(resolve));
    since = performance.now();
  }
  return letters;
}

/** What the script says: bucket, reason and letters, in turn. */
function readLeft(json: string): RefusalCount[] {
  const flat = JSON.parse(json) as (string | number)[];
  const left: RefusalCount[] = [];
  for (let at = 0; at < flat.length; at += 3) {
    const { source } = splitBucket(flat[at] as string);
    left.push({ source, reason: flat[at + 1] as string, events: flat[at + 2] as number });
  }
  return left;
}
