-- Takes letters out of their stream that are still there, and out of `dead` into `discarded`, in the totals and in
-- their hours; keeps a record of it. All of it happens or nothing; a second time nothing does, but it is a write in any
-- case: a wait behind it is about what was discarded before.
--
-- KEYS
--   ledger: hash
--   hours: hash
--   deadLetters: stream
--   log: hash of records, by run
--   imported: hash, where imported letters lie
-- ARGV
--   begun: JSON, the record as it begins
--   ...marks: of each letter its stream id and the digest of what is stored
-- RESULT how many letters the run has discarded here by now
-- @include action-record.lua
local record = openRecord(log, begun)
local discarded = 0
for i = 1, #marks, 2 do
  local found = redis.call('XRANGE', deadLetters, marks[i], marks[i])[1]
  local entry = {}
  for j = 1, found and #found[2] or 0, 2 do entry[found[2][j]] = found[2][j + 1] end
  if found and redis.sha1hex(entry.z) == marks[i + 1] then
    redis.call('XDEL', deadLetters, marks[i])
    if entry.was then redis.call('HDEL', imported, entry.was) end
    discarded = discarded + 1
    redis.call('HINCRBY', ledger, 'dead:' .. entry.reason, -1)
    redis.call('HINCRBY', hours, entry.cell .. '/dead', -1)
    redis.call('HINCRBY', hours, entry.cell .. '/discarded', 1)
    writeLetter(record, marks[i], entry.reason)
  end
end
redis.call('HINCRBY', ledger, 'dead', 0 - discarded)
redis.call('HINCRBY', ledger, 'discarded', discarded)
closeRecord(log, record)
return record.letters
