import type { Redis } from 'ioredis';
import { streamIdOf } from '../keys/dead-letter-id.js';
import { queueKeys } from '../keys/keys.js';
import { writeReplicated } from '../redis/replication.js';
import { defineScript } from '../redis/script.js';
import { SCRIPTS } from '../scripts.generated.js';
import type { OperatorAction } from './dead-letter-log.js';
import type { LetterMark } from './dead-letters.js';

const discardScript = defineScript(SCRIPTS['dead-letters/discard']);

/**
 * Discards dead letters of one shard for good.
 * @param letters at most a few hundred: Redis does nothing else meanwhile; those that are gone are passed over, and
 *   others that have their ids
 * @param replicas have to have it
 * @returns how many this run has discarded here by now, in all its pages
 * @throws as `writeReplicated`
 */
export async function discardDeadLetters(
  shard: string,
  redis: Redis,
  letters: readonly LetterMark[],
  run: OperatorAction,
  replicas = 0,
): Promise<number> {
  const { ledger, hours, deadLetters, fingerprints, deadLetterLog, imported } = queueKeys(shard);
  const keys = { ledger, hours, deadLetters, fingerprints, log: deadLetterLog, imported };
  const marks = letters.flatMap(({ id, digest }) => [streamIdOf(id), digest]);
  const discard = () => discardScript.run<number>(redis, keys, { begun: JSON.stringify(run), marks });
  return writeReplicated(redis, ledger, replicas, discard);
}
