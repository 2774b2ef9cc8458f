-- Takes letters out of their stream that are still there, and out of `dead` into `discarded`, in the totals and in
-- their hours; keeps a record of it. All of it happens or nothing; a second time nothing does, but it is a write in any
-- case: a wait behind it is about what was discarded before.
--
-- KEYS
--   ledger: hash
--   hours: hash
--   deadLetters: stream
--   fingerprints: hash, counts of letters
--   log: hash of records, by run
--   imported: hash, where imported letters lie
-- ARGV
--   begun: JSON, the record as it begins
--   ...marks: of each letter its stream id and the digest of what is stored
-- RESULT how many letters the run has discarded here by now; a refusal where the books have fewer
-- @include letters.lua
-- @include action-record.lua
local record = openRecord(log, begun)
local ids, found = {}, {}
for i = 1, #marks, 2 do
  local id, digest = marks[i], marks[i + 1]
  local letter = not found[id] and readLetter(id)
  if letter and redis.sha1hex(letter.z) == digest then
    ids[#ids + 1] = id
    found[id] = letter
    bookGone(letter)
    book('discarded', letter.cell, 1)
  end
end
local refusal = checkBooks()
if refusal then return refusal end
for _, id in ipairs(ids) do
  local letter = found[id]
  redis.call('XDEL', deadLetters, id)
  if letter.was then redis.call('HDEL', imported, letter.was) end
  writeLetter(record, id, letter.reason)
end
writeBooks()
touchBooks()
closeRecord(log, record)
return record.letters
