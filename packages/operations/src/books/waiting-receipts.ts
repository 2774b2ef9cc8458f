import { readAllRules, shardsOf, walkReceipts } from '@meterbridge/queue';
import { compileKeptRules, type Receipt, toReceipts } from '@meterbridge/receipts';
import type { Redis } from 'ioredis';

/** What of a destination waits in Redis for the archivist. */
export type WaitingReceipts = {
  /** Settlements, or writes of a receiver. */
  entries: number;
  /** When the oldest of them was settled, epoch milliseconds. */
  oldestAt: number | null;
  /** Those that are meant, in the order in which they were settled. */
  receipts: Receipt[];
};

/**
 * Reads what waits, as rows. Books that are opened afterwards have what the archivist has taken meanwhile.
 * @param isMeant whose rows are kept of all that there are
 * @throws NewerFormatError for what a newer version wrote
 */
export async function readWaitingReceipts(
  redis: Redis,
  destination: string,
  isMeant: (receipt: Receipt) => boolean,
): Promise<WaitingReceipts> {
  const waiting: WaitingReceipts = { entries: 0, oldestAt: null, receipts: [] };
  const texts = await readAllRules(redis, destination);
  const rulesOf = compileKeptRules((version) => texts.get(version));
  for (const shard of await shardsOf(destination, redis)) {
    for await (const entry of walkReceipts(redis, shard)) {
      const at = Number.parseInt(entry.id, 10);
      waiting.entries += 1;
      waiting.oldestAt = Math.min(waiting.oldestAt ?? at, at);
      waiting.receipts.push(...toReceipts(entry, shard, rulesOf).filter(isMeant));
    }
  }
  waiting.receipts.sort((one, other) => one.settledAt - other.settledAt);
  return waiting;
}
