-- Adds dead letters of what was accepted in this very moment. It takes no count down, so nothing is checked.
--
-- KEYS
--   ledger: hash
--   hours: hash
--   deadLetters: stream
--   fingerprints: hash, counts of letters
-- ARGV
--   ...letters: of each its reason, what is stored, its bucket, and its fingerprint's digest and text
-- RESULT nothing
-- @include ../dead-letters/letters.lua
local day = today()
for i = 1, #letters, 5 do
  local reason, z, bucket, digest, text = unpack(letters, i, i + 4)
  addLetter(reason, z, bucket, bookLetter(reason, bucket, day, digest, text))
  book('accepted', bucket, 1)
end
writeBooks()
