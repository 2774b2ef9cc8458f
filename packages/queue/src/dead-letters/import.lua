-- Adds letters that are not there, each with its counts. One that was discarded leaves `discarded` again; any other was
-- never counted here, or as something else: it is accepted anew, in its hour. Whether a letter was discarded is told by
-- its hour: as long as that has discarded ones. It is a write in any case: a wait behind it is about those as well that
-- lie there already.
--
-- KEYS
--   ledger: hash
--   hours: hash
--   deadLetters: stream
--   log: hash of records, by run
--   imported: hash, from the stream id of a letter's death to the one it has
-- ARGV
--   begun: JSON, the record as it begins
--   ...letters: of each the stream id of its death, its reason, what is stored, and its cell
-- RESULT how many were added, how many of them restored, and the indexes from 0 of those that are there already
-- @include action-record.lua
local record = openRecord(log, begun)
local added, restored, there = 0, 0, {}
for i = 1, #letters, 4 do
  local was, reason, z, cell = letters[i], letters[i + 1], letters[i + 2], letters[i + 3]
  local copy = redis.call('HGET', imported, was)
  local isThere = #redis.call('XRANGE', deadLetters, was, was) > 0
    or copy and #redis.call('XRANGE', deadLetters, copy, copy) > 0
  if isThere then
    there[#there + 1] = (i - 1) / 4
  else
    local id = redis.call('XADD', deadLetters, '*', 'reason', reason, 'z', z, 'cell', cell, 'was', was)
    redis.call('HSET', imported, was, id)
    added = added + 1
    redis.call('HINCRBY', ledger, 'dead', 1)
    redis.call('HINCRBY', ledger, 'dead:' .. reason, 1)
    local wasDiscarded = tonumber(redis.call('HGET', hours, cell .. '/discarded') or 0) > 0
    local count, by = 'accepted', 1
    if wasDiscarded then
      count, by = 'discarded', -1
      restored = restored + 1
      writeLetter(record, id, reason)
    end
    redis.call('HINCRBY', ledger, count, by)
    redis.call('HINCRBY', hours, cell .. '/dead', 1)
    redis.call('HINCRBY', hours, cell .. '/' .. count, by)
  end
end
redis.call('HINCRBY', ledger, 'dead', 0)
closeRecord(log, record)
return { added, restored, there }
