-- Reads, adds and takes dead letters, with their counts: in the books, and by fingerprint, which tells by what a letter
-- died. The script names the keys `deadLetters`, `fingerprints`, `ledger` and `hours`.
--
-- In `fingerprints` a field `<day>/<digest>` has a count and the fingerprint itself, `<day>/other` the count of those
-- that came when the day had too many, and `<day>` how many that day tells apart. A day is one of UTC, since 1970. Each
-- letter has the name of its field, so that it leaves the count that it joined. What falls to zero is removed: a day
-- lasts as long as its letters.
--
-- A letter that takes part in a budget has the bytes it counts for in a field `bytes`. The books have their sum as
-- `keptBytes`: in all, by source (`keptBytes:<source>`, in the totals) and by bucket.
--
-- A letter whose format is not the first says so in a field `format`. Nothing here reads what is in a letter, so one of
-- a newer version is counted like any other.
-- @include ../ledger/book.lua
local DAY_MS = 86400000
local APART = 200

-- Counts and days that this script has changed, by field.
local counted, days = {}, {}

-- The fields of the letter with a stream id; nil where there is none.
local function readLetter(id)
  local found = redis.call('XRANGE', deadLetters, id, id)[1]
  if not found then return nil end
  local letter = {}
  for i = 1, #found[2], 2 do letter[found[2][i]] = found[2][i + 1] end
  return letter
end

-- The day of a moment, epoch milliseconds.
local function dayOf(ms) return string.format('%d', math.floor(ms / DAY_MS)) end

local function today() return dayOf(redis.call('TIME')[1] * 1000) end

local function countOf(field)
  if not counted[field] then
    local letters, text = string.match(redis.call('HGET', fingerprints, field) or '', '^(%d+) (.*)$')
    counted[field] = { letters = tonumber(letters or 0), text = text }
  end
  return counted[field]
end

local function apartOn(day)
  days[day] = days[day] or tonumber(redis.call('HGET', fingerprints, day) or 0)
  return days[day]
end

-- The day of a field that is told apart; nil of the others.
local function dayApart(field)
  local day, digest = string.match(field, '^(%d+)/(.*)$')
  return digest ~= 'other' and day or nil
end

-- Books bytes that a letter of a bucket takes of its budget.
local function bookBytes(bucket, bytes)
  book('keptBytes', bucket, bytes)
  move(ledger, 'keptBytes:' .. string.match(bucket, '^%d+/(.*)$'), bytes)
end

-- Books a letter that is about to be added, and gives the field that it is counted in.
local function bookLetter(reason, bucket, day, digest, text)
  bookDead(reason, bucket, 1)
  local field = day .. '/' .. digest
  local count = countOf(field)
  if count.letters == 0 then
    if apartOn(day) < APART then
      days[day] = days[day] + 1
      count.text = text
    else
      field, count = day .. '/other', countOf(day .. '/other')
      count.text = ''
    end
  end
  count.letters = count.letters + 1
  return field
end

-- Books that a letter is about to leave.
local function bookGone(letter)
  bookDead(letter.reason, letter.cell, -1)
  if letter.bytes then bookBytes(letter.cell, -tonumber(letter.bytes)) end
  local field = letter.counted or ''
  local count = countOf(field)
  count.letters = count.letters - 1
  local day = count.letters == 0 and dayApart(field)
  if day then days[day] = apartOn(day) - 1 end
end

local function addLetter(reason, z, bucket, field, ...)
  return redis.call('XADD', deadLetters, '*', 'reason', reason, 'z', z, 'cell', bucket, 'counted', field, ...)
end

local checkCounters, writeCounters = checkBooks, writeBooks

-- As of the books, and of the counts by fingerprint.
local function checkBooks()
  for field, count in pairs(counted) do
    if count.letters < 0 then return refuse(fingerprints .. ' counts fewer letters as ' .. field .. ' than would leave') end
  end
  return checkCounters()
end

local function writeBooks()
  writeCounters()
  for field, count in pairs(counted) do
    if count.letters > 0 then redis.call('HSET', fingerprints, field, count.letters .. ' ' .. (count.text or ''))
    else redis.call('HDEL', fingerprints, field) end
  end
  for day, apart in pairs(days) do
    if apart > 0 then redis.call('HSET', fingerprints, day, apart) else redis.call('HDEL', fingerprints, day) end
  end
end
