-- Reads, adds and takes dead letters, with their counts. The script names the keys `deadLetters`, `ledger` and `hours`.
-- @include ../ledger/book.lua

-- The fields of the letter with a stream id; nil where there is none.
local function readLetter(id)
  local found = redis.call('XRANGE', deadLetters, id, id)[1]
  if not found then return nil end
  local letter = {}
  for i = 1, #found[2], 2 do letter[found[2][i]] = found[2][i + 1] end
  return letter
end
