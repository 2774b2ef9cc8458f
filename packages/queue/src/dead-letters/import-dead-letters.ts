import type { Redis } from 'ioredis';
import { formatDeadLetterId, shardOfId, streamIdOf } from '../keys/dead-letter-id.js';
import { queueKeys, RECEIVER } from '../keys/keys.js';
import { writeReplicated } from '../redis/replication.js';
import { defineScript } from '../redis/script.js';
import { SCRIPTS } from '../scripts.generated.js';
import { ShardName, shardsOf } from '../state/shards.js';
import { encodeDeadLetter } from './dead-letter-codec.js';
import type { OperatorAction } from './dead-letter-log.js';
import { writeFingerprint } from './fingerprint.js';

/** A dead letter as it was exported: all that is known of it. */
export type PortableLetter = {
  /** The id it died under: `<shard>/<stream id>`. */
  id: string;
  reason: string;
  /** As in `DeadLetterEntry`. */
  bucket: string;
  letter: unknown;
};

/** What an import came to. */
export type Imported = {
  added: number;
  /** Of those, how many were among the discarded ones and are so no more. */
  restored: number;
  /** Which of those given, by index, lie there already: under the id they died under, or since an import. */
  stillThere: number[];
};

const importScript = defineScript(SCRIPTS['dead-letters/import']);
const forgetScript = defineScript(SCRIPTS['dead-letters/forget-imported']);

/**
 * Puts exported letters among the dead letters of one shard, under ids of their own.
 * @param letters at most a few hundred: Redis does nothing else meanwhile
 * @param replicas have to have them
 * @throws as `writeReplicated`
 */
export async function importDeadLetters(
  shard: string,
  redis: Redis,
  letters: readonly PortableLetter[],
  run: OperatorAction,
  replicas = 0,
): Promise<Imported> {
  const { ledger, hours, deadLetters, fingerprints, deadLetterLog, imported } = queueKeys(shard);
  const keys = { ledger, hours, deadLetters, fingerprints, log: deadLetterLog, imported };
  const given = letters.flatMap(({ id, reason, bucket, letter }) => {
    const { digest, text } = writeFingerprint(reason, letter);
    return [streamIdOf(id), reason, encodeDeadLetter(letter), bucket, digest, text];
  });
  const [added, restored, stillThere] = await writeReplicated(redis, ledger, replicas, async () => {
    if (shard !== RECEIVER) await new ShardName(redis, shard, replicas).say();
    const args = { begun: JSON.stringify(run), letters: given };
    return importScript.run<[number, number, number[]]>(redis, keys, args);
  });
  return { added, restored, stillThere };
}

/** The id under which an imported letter lies now; null where none does that died under this one. */
export async function findImported(id: string, redis: Redis): Promise<string | null> {
  const shard = shardOfId(id);
  const now = await redis.hget(queueKeys(shard).imported, streamIdOf(id));
  return now === null ? null : formatDeadLetterId(shard, now);
}

/** Forgets where imported letters lay that have left since. Call before an import: nobody else does. */
export async function forgetImported(destination: string, redis: Redis): Promise<void> {
  for (const shard of await shardsOf(destination, redis)) await forgetShard(shard, redis);
}

async function forgetShard(shard: string, redis: Redis): Promise<void> {
  const { deadLetters, imported } = queueKeys(shard);
  for await (const page of redis.hscanStream(imported, { count: 500 }) as AsyncIterable<string[]>) {
    if (page.length > 0) await forgetScript.run(redis, { deadLetters, imported }, { ids: page });
  }
}
