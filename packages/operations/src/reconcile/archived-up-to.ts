import { setTimeout as sleep } from 'node:timers/promises';
import { countReceipts, shardsOf } from '@meterbridge/queue';
import type { Redis } from 'ioredis';
import { OperationError } from '../operation-error.js';
import type { Work } from '../work.js';

const LOOK_EVERY_MS = 250;
/** The books stand still for so long: nobody writes them. */
const STAND_STILL_MS = 60_000;

/**
 * A moment by Redis' clock: what any shard of a destination has settled before it waits for no archivist any more. Epoch
 * milliseconds.
 */
export async function archivedUpTo(redis: Redis, destination: string): Promise<number> {
  // Before the receipts: what is settled meanwhile is younger.
  const now = await readRedisTime(redis);
  const shards = await shardsOf(destination, redis);
  const waiting = await Promise.all(shards.map((shard) => countReceipts(redis, shard)));
  // One that is of the future by its id tells of a clock that was set back: of what waits nobody knows the age.
  const ages = waiting.map(({ oldestAt }) => (oldestAt === null ? now : oldestAt > now ? 0 : oldestAt));
  return Math.min(now, ...ages);
}

/** Redis' clock, epoch milliseconds: settlements have its times. */
export async function readRedisTime(redis: Redis): Promise<number> {
  const [seconds, micros] = await redis.time();
  return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
}

/**
 * Waits until all that was settled before a moment is in the books.
 * @param read as `archivedUpTo`
 * @param heedStop throws where somebody has said to stop
 * @throws OperationError (`not_possible`) where the books do not move
 */
export async function waitUntilArchived(
  moment: number,
  read: () => Promise<number>,
  { onWait, signal }: Work,
  heedStop: () => void,
): Promise<void> {
  let at = await read();
  let movedAt = performance.now();
  let looks = 0;
  for (; at < moment; looks += 1) {
    heedStop();
    // A moment that is just over is no wait to speak of.
    if (looks === 1) onWait?.('What was settled meanwhile is not in the books yet');
    if (performance.now() - movedAt > STAND_STILL_MS) {
      throw new OperationError(
        'not_possible',
        `The books stand still at ${new Date(at).toISOString()}: nothing can be said of what differs before they go on. Does the archivist run?`,
      );
    }
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => {});
    const now = await read();
    if (now > at) movedAt = performance.now();
    at = now;
  }
  if (looks > 1) onWait?.(null);
}
