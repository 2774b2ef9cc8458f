import { cellOf, countByCell } from '@meterbridge/delivery';
import type { Redis } from 'ioredis';
import { encodeDeadLetter } from '../dead-letters/dead-letter-codec.js';
import { queueKeys, RECEIVER } from '../keys/keys.js';
import { asStoreError } from '../redis/errors.js';
import { prepareWait } from '../redis/replication.js';
import type { RejectedEvent } from './routed-event.js';

/**
 * Dead letters of the receiver: what could not become a delivery. Written with their counts or not at all.
 * Throws as `DeliveryWriter.commit` does.
 * @param hour in which they came, in hours since 1970
 * @param replicas as in `LaneOptions`
 */
export async function writeRejections(
  redis: Redis,
  rejected: RejectedEvent[],
  hour: number,
  replicas: number,
): Promise<void> {
  const keys = queueKeys(RECEIVER);
  const transaction = redis.multi();
  for (const rejection of rejected) {
    const { reason, source } = rejection;
    const z = encodeDeadLetter(rejection);
    transaction.xadd(keys.deadLetters, '*', 'reason', reason, 'z', z, 'cell', cellOf(hour, source));
    transaction.hincrby(keys.ledger, `dead:${reason}`, 1);
  }
  transaction.hincrby(keys.ledger, 'accepted', rejected.length);
  transaction.hincrby(keys.ledger, 'dead', rejected.length);
  for (const [cell, count] of Object.entries(countByCell(rejected.map(({ source }) => ({ hour, source }))))) {
    transaction.hincrby(keys.hours, `${cell}/accepted`, count);
    transaction.hincrby(keys.hours, `${cell}/dead`, count);
  }
  try {
    const untilReplicated = await prepareWait(redis, keys.ledger, replicas);
    const results = await transaction.exec();
    if (!results) throw new Error('the transaction was aborted');
    for (const [error] of results) if (error) throw error;
    await untilReplicated();
  } catch (error) {
    throw asStoreError(error);
  }
}
