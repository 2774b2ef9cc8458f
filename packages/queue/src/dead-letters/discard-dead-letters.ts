import type { Redis } from 'ioredis';
import { streamIdOf } from '../keys/dead-letter-id.js';
import { queueKeys } from '../keys/keys.js';
import { writeReplicated } from '../redis/replication.js';
import { HAND_RECORD, type OperatorAction } from './dead-letter-log.js';
import type { LetterMark } from './dead-letters.js';

/**
 * Takes letters out of their stream that are still there, and out of `dead` into `discarded`, in the totals and
 * in their hours; keeps a record of it. All of it happens or nothing; a second time nothing does, but it is a write
 * in any case: a wait behind it is about what was discarded before. Arguments are the record, and for each letter its
 * stream id and the digest of what is stored.
 */
const DISCARD = `${HAND_RECORD}
local record = openRecord(KEYS[4], ARGV[1])
local discarded = 0
for i = 2, #ARGV, 2 do
  local found = redis.call('XRANGE', KEYS[3], ARGV[i], ARGV[i])[1]
  local entry = {}
  for j = 1, found and #found[2] or 0, 2 do entry[found[2][j]] = found[2][j + 1] end
  if found and redis.sha1hex(entry.z) == ARGV[i + 1] then
    redis.call('XDEL', KEYS[3], ARGV[i])
    if entry.was then redis.call('HDEL', KEYS[5], entry.was) end
    discarded = discarded + 1
    redis.call('HINCRBY', KEYS[1], 'dead:' .. entry.reason, -1)
    if entry.cell and entry.cell ~= '' then
      redis.call('HINCRBY', KEYS[2], entry.cell .. '/dead', -1)
      redis.call('HINCRBY', KEYS[2], entry.cell .. '/discarded', 1)
    end
    writeLetter(record, ARGV[i], entry.reason)
  end
end
redis.call('HINCRBY', KEYS[1], 'dead', 0 - discarded)
redis.call('HINCRBY', KEYS[1], 'discarded', discarded)
closeRecord(KEYS[4], record)
return record.letters
`;

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
  const { ledger, hours, deadLetters, deadLetterLog, imported } = queueKeys(shard);
  const keys = [ledger, hours, deadLetters, deadLetterLog, imported];
  const marks = letters.flatMap(({ id, digest }) => [streamIdOf(id), digest]);
  const discard = () => redis.eval(DISCARD, keys.length, ...keys, JSON.stringify(run), ...marks);
  return (await writeReplicated(redis, ledger, replicas, discard)) as number;
}
