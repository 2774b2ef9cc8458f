import type { StoredDelivery } from '@meterbridge/delivery';
import type { Redis } from 'ioredis';
import { type LetterMark, ShardReplay } from '../src/index.js';

/** Puts dead letters back on their queue as a replay does, in one step. False where one of them is gone. */
export async function revive(
  destination: string,
  redis: Redis,
  entries: readonly LetterMark[],
  deliveries: StoredDelivery[],
): Promise<boolean> {
  const lane = new ShardReplay(destination, 'test', redis);
  try {
    return await lane.apply({ deliveries, taken: entries });
  } finally {
    await lane.close();
  }
}
