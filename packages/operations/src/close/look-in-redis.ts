import {
  deliveriesOf,
  destinationOf,
  RECEIVER,
  readReceiptGaps,
  shardsOf,
  walkJobs,
} from '@meterbridge/queue';
import type { EventSpan } from '@meterbridge/receipts';
import { isJsonObject } from '@meterbridge/segment-events';
import type { Redis } from 'ioredis';
import { readWaitingReceipts } from '../books/waiting-receipts.js';
import { eventOf, isDelivery, type LetterEntry } from '../dead-letters/letter.js';
import { walkLetters } from '../dead-letters/walk.js';
import type { Operations } from '../open.js';
import type { Hole } from './decide-receipts.js';
import type { DeadOfMonth, InFlight } from './decide-work.js';
import { isWithin } from './month.js';

const HOUR_MS = 3_600_000;

/** What of a month lies in the jobs of a destination. */
export async function readInFlight(redis: Redis, destination: string, month: EventSpan): Promise<InFlight> {
  const found: InFlight = { deliveries: 0, unreadableJobs: 0 };
  // A walk may meet a job twice; its remainder is never more than it was.
  const seen = new Map<string, number>();
  for await (const job of walkJobs(redis)) {
    if (destinationOf(job.shard) !== destination) continue;
    const name = `${job.shard}/${job.jobId}`;
    try {
      seen.set(
        name,
        deliveriesOf(job).filter(({ event }) => isWithin(Date.parse(event.timestamp), month)).length,
      );
    } catch {
      found.unreadableJobs += 1;
    }
  }
  found.deliveries = [...seen.values()].reduce((sum, count) => sum + count, 0);
  return found;
}

/** Dead letters of a destination, and of the receiver, whose event was in the month. */
export async function readDeadOfMonth(
  ops: Operations,
  destination: string,
  month: EventSpan,
): Promise<DeadOfMonth> {
  const found: DeadOfMonth = { delivery: {}, receiver: {}, unreadable: 0 };
  for (const name of [destination, RECEIVER]) {
    const letters = name === RECEIVER ? found.receiver : found.delivery;
    for await (const entry of walkLetters(ops, { destination: name })) {
      const at = timeOf(entry);
      if (at === undefined) found.unreadable += entry.at >= month.from ? 1 : 0;
      else if (isWithin(at, month)) letters[entry.reason] = (letters[entry.reason] ?? 0) + 1;
    }
  }
  return found;
}

/** The time of a letter's event: its own, or when it came. Undefined where it cannot be read here. */
function timeOf(entry: LetterEntry): number | undefined {
  if (entry.newer !== undefined) return undefined;
  const { letter } = entry;
  const event = eventOf(letter);
  const told = isJsonObject(event)
    ? Date.parse(String(event.timestamp ?? event.originalTimestamp))
    : Number.NaN;
  if (!Number.isNaN(told)) return told;
  const received = isDelivery(letter) ? Number.NaN : Date.parse(letter.receivedAt);
  return Number.isNaN(received) ? entry.at : received;
}

/** How much of a month waits in Redis for the archivist. */
export async function countWaiting(redis: Redis, destination: string, month: EventSpan): Promise<number> {
  const { receipts } = await readWaitingReceipts(redis, destination, ({ eventAt, acceptedHour }) =>
    isWithin(eventAt ?? acceptedHour * HOUR_MS, month),
  );
  return receipts.reduce((sum, { events }) => sum + events, 0);
}

/** What Redis knows to have ended without a receipt. */
export async function readHoles(redis: Redis, destination: string): Promise<Hole[]> {
  const shards = await shardsOf(destination, redis);
  return (await Promise.all(shards.map((shard) => readReceiptGaps(redis, shard)))).flat();
}
