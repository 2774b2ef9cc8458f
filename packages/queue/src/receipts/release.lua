-- Lets go of entries that the archive has on its own disk, and of the jobs that they name. Those that are gone already
-- count for nothing; of one whose job somebody has taken away by hand, its deliveries are a gap.
--
-- KEYS
--   holder: string, whose the archive is
--   receipts: stream
--   receiptBytes: string, bytes of it
--   receiptGaps: hash, what ended without a receipt
-- ARGV
--   token: of the archivist
--   ...ids: of the entries
-- RESULT how many were there; -1 where another has the archive
local HOUR_MS = 3600000
-- Of what nobody knows the source.
local UNKNOWN = '?'

local function leaveGap(id, told)
  local hour = math.floor(tonumber(string.match(id, '^%d+')) / HOUR_MS)
  for _, run in ipairs(cjson.decode(told).outcomes) do
    redis.call('HINCRBY', receiptGaps, string.format('%d/%s/deliveries', hour, UNKNOWN), run[2])
  end
end

if redis.call('GET', holder) ~= token then return -1 end
local released, freed = 0, 0
for _, id in ipairs(ids) do
  local entry = redis.call('XRANGE', receipts, id, id)[1]
  if entry then
    local fields = {}
    for i = 1, #entry[2], 2 do fields[entry[2][i]] = entry[2][i + 1] end
    freed = freed + fields.bytes
    if fields.job and redis.call('UNLINK', fields.job) == 0 then leaveGap(id, fields.settled) end
    redis.call('XDEL', receipts, id)
    released = released + 1
  end
end
if freed > 0 then redis.call('DECRBY', receiptBytes, freed) end
-- What somebody has taken away by hand takes nothing any more.
if redis.call('XLEN', receipts) == 0 then redis.call('SET', receiptBytes, 0) end
return released
