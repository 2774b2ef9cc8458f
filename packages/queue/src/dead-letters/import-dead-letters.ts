import type { Redis } from 'ioredis';
import { formatDeadLetterId, shardOfId, streamIdOf } from '../keys/dead-letter-id.js';
import { queueKeys, RECEIVER } from '../keys/keys.js';
import { writeReplicated } from '../redis/replication.js';
import { ShardName, shardsOf } from '../state/shards.js';
import { encodeDeadLetter } from './dead-letter-codec.js';
import { HAND_RECORD, type OperatorAction } from './dead-letter-log.js';

/** A dead letter as it was exported: all that is known of it. */
export type PortableLetter = {
  /** The id it died under: `<shard>/<stream id>`. */
  id: string;
  reason: string;
  /** As in `DeadLetterEntry`. */
  cell: string;
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

/**
 * Adds letters that are not there, each with its counts. One that was discarded leaves `discarded` again; any
 * other was never counted here, or as something else: it is accepted anew, in its hour. Whether a letter was
 * discarded is told by its hour: as long as that has discarded ones. It is a write in any case: a wait behind it is
 * about those as well that lie there already.
 */
const IMPORT = `${HAND_RECORD}
local record = openRecord(KEYS[4], ARGV[1])
local added, restored, there = 0, 0, {}
for i = 2, #ARGV, 4 do
  local was, reason, z, cell = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  local copy = redis.call('HGET', KEYS[5], was)
  local isThere = #redis.call('XRANGE', KEYS[3], was, was) > 0
    or copy and #redis.call('XRANGE', KEYS[3], copy, copy) > 0
  if isThere then
    there[#there + 1] = (i - 2) / 4
  else
    local id = redis.call('XADD', KEYS[3], '*', 'reason', reason, 'z', z, 'cell', cell, 'was', was)
    redis.call('HSET', KEYS[5], was, id)
    added = added + 1
    redis.call('HINCRBY', KEYS[1], 'dead', 1)
    redis.call('HINCRBY', KEYS[1], 'dead:' .. reason, 1)
    local wasDiscarded = cell ~= '' and tonumber(redis.call('HGET', KEYS[2], cell .. '/discarded') or 0) > 0
    local count, by = 'accepted', 1
    if wasDiscarded then
      count, by = 'discarded', -1
      restored = restored + 1
      writeLetter(record, id, reason)
    end
    redis.call('HINCRBY', KEYS[1], count, by)
    if cell ~= '' then
      redis.call('HINCRBY', KEYS[2], cell .. '/dead', 1)
      redis.call('HINCRBY', KEYS[2], cell .. '/' .. count, by)
    end
  end
end
redis.call('HINCRBY', KEYS[1], 'dead', 0)
closeRecord(KEYS[4], record)
return { added, restored, there }
`;

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
  const { ledger, hours, deadLetters, deadLetterLog, imported } = queueKeys(shard);
  const keys = [ledger, hours, deadLetters, deadLetterLog, imported];
  const given = letters.flatMap(({ id, reason, cell, letter }) => [
    streamIdOf(id),
    reason,
    encodeDeadLetter(letter),
    cell,
  ]);
  const [added, restored, stillThere] = (await writeReplicated(redis, ledger, replicas, async () => {
    if (shard !== RECEIVER) await new ShardName(redis, shard, replicas).say();
    return redis.eval(IMPORT, keys.length, ...keys, JSON.stringify(run), ...given);
  })) as [number, number, number[]];
  return { added, restored, stillThere };
}

/** The id under which an imported letter lies now; null where none does that died under this one. */
export async function findImported(id: string, redis: Redis): Promise<string | null> {
  const shard = shardOfId(id);
  const now = await redis.hget(queueKeys(shard).imported, streamIdOf(id));
  return now === null ? null : formatDeadLetterId(shard, now);
}

const FORGET = `
local gone = 0
for i = 1, #ARGV, 2 do
  if #redis.call('XRANGE', KEYS[1], ARGV[i + 1], ARGV[i + 1]) == 0 then
    gone = gone + redis.call('HDEL', KEYS[2], ARGV[i])
  end
end
return gone
`;

/** Forgets where imported letters lay that have left since. Call before an import: nobody else does. */
export async function forgetImported(destination: string, redis: Redis): Promise<void> {
  for (const shard of await shardsOf(destination, redis)) await forgetShard(shard, redis);
}

async function forgetShard(shard: string, redis: Redis): Promise<void> {
  const { deadLetters, imported } = queueKeys(shard);
  for await (const page of redis.hscanStream(imported, { count: 500 })) {
    if ((page as string[]).length > 0) await redis.eval(FORGET, 2, deadLetters, imported, ...page);
  }
}
