import { bucketOf } from '@meterbridge/delivery';
import type { Redis } from 'ioredis';
import { encodeDeadLetter } from '../dead-letters/dead-letter-codec.js';
import { writeFingerprint } from '../dead-letters/fingerprint.js';
import { queueKeys, RECEIVER } from '../keys/keys.js';
import { asStoreError } from '../redis/errors.js';
import { prepareWait } from '../redis/replication.js';
import { defineScript } from '../redis/script.js';
import { SCRIPTS } from '../scripts.generated.js';
import type { RejectedEvent } from './routed-event.js';

const rejectScript = defineScript(SCRIPTS['commit/write-rejections']);

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
  const { ledger, hours, deadLetters, fingerprints } = queueKeys(RECEIVER);
  const letters = rejected.flatMap((rejection) => {
    const { reason, source } = rejection;
    const { digest, text } = writeFingerprint(reason, rejection);
    return [reason, encodeDeadLetter(rejection), bucketOf(hour, source), digest, text];
  });
  try {
    const untilReplicated = await prepareWait(redis, ledger, replicas);
    await rejectScript.run(redis, { ledger, hours, deadLetters, fingerprints }, { letters });
    await untilReplicated();
  } catch (error) {
    throw asStoreError(error);
  }
}
