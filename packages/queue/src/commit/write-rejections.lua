-- Adds dead letters of what was accepted in this very moment. It takes no count down, so nothing is checked.
--
-- KEYS
--   ledger: hash
--   hours: hash
--   deadLetters: stream
-- ARGV
--   ...letters: of each its reason, what is stored, and its bucket
-- RESULT nothing
-- @include ../ledger/book.lua
for i = 1, #letters, 3 do
  local reason, z, bucket = letters[i], letters[i + 1], letters[i + 2]
  redis.call('XADD', deadLetters, '*', 'reason', reason, 'z', z, 'cell', bucket)
  book('accepted', bucket, 1)
  bookDead(reason, bucket, 1)
end
writeBooks()
