import type { Redis } from 'ioredis';
import { HAND_RECORD, type HandRun } from './dead-letter-log.js';
import { queueKeys } from './keys.js';

/**
 * Takes letters out of their stream that are still there, and out of `dead` into `discarded`, in the totals and
 * in their hours; keeps a record of it. All of it happens or nothing; a second time nothing does.
 */
const DISCARD = `${HAND_RECORD}
local record = openRecord(KEYS[4], ARGV[1])
local discarded = 0
for i = 2, #ARGV do
  local found = redis.call('XRANGE', KEYS[3], ARGV[i], ARGV[i])[1]
  if found then
    local entry = {}
    for j = 1, #found[2], 2 do entry[found[2][j]] = found[2][j + 1] end
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
if discarded > 0 then
  redis.call('HINCRBY', KEYS[1], 'dead', 0 - discarded)
  redis.call('HINCRBY', KEYS[1], 'discarded', discarded)
end
closeRecord(KEYS[4], record)
return record.letters
`;

/**
 * Discards dead letters of one shard for good.
 * @param ids at most a few hundred: Redis does nothing else meanwhile; those that are gone are passed over
 * @returns how many this run has discarded here by now, in all its pages
 */
export async function discardDeadLetters(
  shard: string,
  redis: Redis,
  ids: readonly string[],
  run: HandRun,
): Promise<number> {
  const { ledger, hours, deadLetters, deadLetterLog, imported } = queueKeys(shard);
  const keys = [ledger, hours, deadLetters, deadLetterLog, imported];
  const streamIds = ids.map((id) => id.slice(id.indexOf('/') + 1));
  return (await redis.eval(DISCARD, keys.length, ...keys, JSON.stringify(run), ...streamIds)) as number;
}
