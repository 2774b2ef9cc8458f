-- Adds dead letters of what was refused in this very moment, as far as its budget goes, and counts the rest: as
-- discarded, and of those as not kept. What it writes it writes once, however often it is said. It takes no count down,
-- so nothing is checked.
--
-- KEYS
--   ledger: hash
--   hours: hash
--   deadLetters: stream
--   fingerprints: hash, counts of letters
--   receipt: string, what this request came to
-- ARGV
--   receiptMs: until the receipt is forgotten
--   maxBytes: that refused events may take in all
--   maxSourceBytes: that those of one source may take
--   maxHourBytes: that those of one source and hour may take
--   others: JSON, what is only counted: a list of bucket, reason and events, in turn
--   ...letters: of each its reason, what is stored, its bucket, its fingerprint's digest and text, and its bytes
-- RESULT JSON, letters that the budget had no room for: a list of bucket, reason and letters, in turn
-- @include ../dead-letters/letters.lua
local known = redis.call('GET', receipt)
if known then
  touchBooks()
  return known
end
local function hasRoom(bucket, bytes)
  local source = string.match(bucket, '^%d+/(.*)$')
  return bookedField(ledger, 'keptBytes') + bytes <= tonumber(maxBytes)
    and bookedField(ledger, 'keptBytes:' .. source) + bytes <= tonumber(maxSourceBytes)
    and booked('keptBytes', bucket) + bytes <= tonumber(maxHourBytes)
end
local function countOnly(bucket, reason, events)
  book('accepted', bucket, events)
  book('discarded', bucket, events)
  book('notKept', bucket, events)
  move(ledger, 'notKept:' .. reason, events)
end
local day = today()
local left, leftAt = {}, {}
for i = 1, #letters, 6 do
  local reason, z, bucket, digest, text, bytes = unpack(letters, i, i + 5)
  if hasRoom(bucket, tonumber(bytes)) then
    addLetter(reason, z, bucket, bookLetter(reason, bucket, day, digest, text), 'bytes', bytes)
    book('accepted', bucket, 1)
    bookBytes(bucket, tonumber(bytes))
  else
    countOnly(bucket, reason, 1)
    local name = bucket .. '/' .. reason
    if not leftAt[name] then
      leftAt[name] = #left + 3
      left[#left + 1], left[#left + 2], left[#left + 3] = bucket, reason, 0
    end
    left[leftAt[name]] = left[leftAt[name]] + 1
  end
end
local each = cjson.decode(others)
for i = 1, #each, 3 do countOnly(unpack(each, i, i + 2)) end
writeBooks()
local result = #left > 0 and cjson.encode(left) or '[]'
redis.call('SET', receipt, result, 'PX', receiptMs)
return result
