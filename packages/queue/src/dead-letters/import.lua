-- Adds letters that are not there, each with its counts. One that was discarded leaves `discarded` again; any other was
-- never counted here, or as something else: it is accepted anew, in its hour. Whether a letter was discarded is told by
-- its hour: as long as that has discarded ones. It is a write in any case: a wait behind it is about those as well that
-- lie there already.
--
-- KEYS
--   ledger: hash
--   hours: hash
--   deadLetters: stream
--   fingerprints: hash, counts of letters
--   log: hash of records, by run
--   imported: hash, from the stream id of a letter's death to the one it has
-- ARGV
--   begun: JSON, the record as it begins
--   ...letters: of each the stream id of its death, its reason, what is stored, its bucket, and its
--     fingerprint's digest and text
-- RESULT how many were added, how many of them restored, and the indexes from 0 of those that are there already;
--   a refusal where the totals have fewer discarded ones than the hours
-- @include letters.lua
-- @include action-record.lua
local record = openRecord(log, begun)
local isComing, fresh, there = {}, {}, {}
local restored = 0
for i = 1, #letters, 6 do
  local was, reason, z, bucket, digest, text = unpack(letters, i, i + 5)
  local copy = redis.call('HGET', imported, was)
  if isComing[was] or readLetter(was) or copy and readLetter(copy) then
    there[#there + 1] = (i - 1) / 6
  else
    isComing[was] = true
    -- What was counted and not kept is among the discarded ones, and was never a letter.
    local wasDiscarded = booked('discarded', bucket) > booked('notKept', bucket)
    if wasDiscarded then
      restored = restored + 1
      book('discarded', bucket, -1)
    else
      book('accepted', bucket, 1)
    end
    local field = bookLetter(reason, bucket, dayOf(string.match(was, '^%d+')), digest, text)
    fresh[#fresh + 1] = { was = was, reason = reason, z = z, bucket = bucket, field = field, wasDiscarded = wasDiscarded }
  end
end
local refusal = checkBooks()
if refusal then return refusal end
for _, letter in ipairs(fresh) do
  local id = addLetter(letter.reason, letter.z, letter.bucket, letter.field, 'was', letter.was)
  redis.call('HSET', imported, letter.was, id)
  if letter.wasDiscarded then writeLetter(record, id, letter.reason) end
end
writeBooks()
touchBooks()
closeRecord(log, record)
return { #fresh, restored, there }
