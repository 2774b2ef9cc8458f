import type { StoredDelivery } from '@meterbridge/delivery';
import type { Redis } from 'ioredis';
import { type BatchData, encodeBatch } from './batch-codec.js';
import { decodeDeadLetter } from './dead-letter-codec.js';
import { addBatches } from './enqueue.js';
import { queueKeys, RECEIVER } from './keys.js';
import { openQueue } from './open-queue.js';

/** A dead letter and where it lies: `<destination>/<stream id>`, oldest first. */
export type DeadLetterEntry<Letter> = { id: string; at: number; reason: string; letter: Letter };

const PAGE = 500;

/** Walks a destination's dead letters, oldest first, a page in memory at a time. */
export async function* readDeadLetters<Letter>(
  destination: string,
  redis: Redis,
  options: { reason?: string } = {},
): AsyncGenerator<DeadLetterEntry<Letter>> {
  const key = queueKeys(destination).deadLetters;
  // Entries that arrive (or return) while we walk are for the next walk.
  const last = await lastId(redis, key);
  let from = '-';
  while (last) {
    const page = await redis.xrangeBuffer(key, from, last, 'COUNT', PAGE);
    for (const [id, fields] of page) {
      const entry = readEntry<Letter>(destination, id, fields);
      if (!options.reason || entry.reason === options.reason) yield entry;
    }
    if (page.length < PAGE) return;
    from = `(${page.at(-1)![0].toString()}`;
  }
}

/** One dead letter by its id, or null when it is there no more. */
export async function findDeadLetter<Letter>(
  id: string,
  redis: Redis,
): Promise<DeadLetterEntry<Letter> | null> {
  const [destination = '', streamId = ''] = id.split('/');
  if (!/^\d+-\d+$/.test(streamId)) return null;
  const [found] = await redis.xrangeBuffer(queueKeys(destination).deadLetters, streamId, streamId);
  return found ? readEntry<Letter>(destination, found[0], found[1]) : null;
}

/**
 * Takes the entries out of the dead letters that are still there and corrects the ledger. A revived
 * delivery was accepted once already; one whose entry is gone (another replay was faster) counts as accepted
 * anew, so that the sum holds whatever happens.
 */
const REVIVE = `
if ARGV[2] ~= '' and redis.call('EXISTS', KEYS[3]) == 0 then return 0 end
local removed = 0
for i = 3, #ARGV, 2 do
  if redis.call('XDEL', KEYS[2], ARGV[i]) == 1 then
    removed = removed + 1
    redis.call('HINCRBY', KEYS[1], 'dead:' .. ARGV[i + 1], -1)
  end
end
redis.call('HINCRBY', KEYS[1], 'dead', 0 - removed)
redis.call('HINCRBY', KEYS[1], 'accepted', ARGV[1] - removed)
if ARGV[2] ~= '' then redis.call('HSET', KEYS[3], 'n', ARGV[1]) end
return removed
`;

/**
 * Puts dead letters back on their queue: the new job, their removal and the ledger in one transaction, so
 * that a crash anywhere leaves them either dead or in flight, never both and never neither.
 * @param entries at most a few hundred: they become one job
 * @param deliveries what they are tried as; usually one an entry
 */
export async function reviveDeadLetters(
  destination: string,
  redis: Redis,
  entries: { id: string; reason: string }[],
  deliveries: StoredDelivery[],
): Promise<void> {
  const keys = queueKeys(destination);
  const queue = openQueue(destination, redis);
  const batches: BatchData[] = [encodeBatch(deliveries.map((delivery) => JSON.stringify(delivery)))];
  try {
    await addBatches(queue, batches, (transaction, [jobId]) => {
      transaction.eval(
        REVIVE,
        3,
        keys.ledger,
        keys.deadLetters,
        keys.job(jobId!),
        deliveries.length,
        jobId!,
        ...entries.flatMap((entry) => [entry.id.split('/')[1]!, entry.reason]),
      );
    });
  } finally {
    await queue.close();
  }
}

/** Removes the receiver's dead letters that have become deliveries; they never were a delivery before. */
export async function removeRejections(
  redis: Redis,
  entries: { id: string; reason: string }[],
): Promise<void> {
  const keys = queueKeys(RECEIVER);
  await redis.eval(
    REVIVE,
    3,
    keys.ledger,
    keys.deadLetters,
    keys.ledger,
    0,
    '',
    ...entries.flatMap((entry) => [entry.id.split('/')[1]!, entry.reason]),
  );
}

async function lastId(redis: Redis, key: string): Promise<string | undefined> {
  const [newest] = await redis.xrevrange(key, '+', '-', 'COUNT', 1);
  return newest?.[0];
}

function readEntry<Letter>(destination: string, id: Buffer, fields: Buffer[]): DeadLetterEntry<Letter> {
  const streamId = id.toString();
  return {
    id: `${destination}/${streamId}`,
    at: Number(streamId.split('-')[0]),
    reason: fields[1]!.toString(),
    letter: decodeDeadLetter<Letter>(fields[3]!),
  };
}
