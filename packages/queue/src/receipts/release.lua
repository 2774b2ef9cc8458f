-- Lets go of entries that the archive has on its own disk, and of the jobs that they name. Those that are gone already
-- count for nothing.
--
-- KEYS
--   holder: string, whose the archive is
--   receipts: stream
--   receiptBytes: string, bytes of it
-- ARGV
--   token: of the archivist
--   ...ids: of the entries
-- RESULT how many were there; -1 where another has the archive
if redis.call('GET', holder) ~= token then return -1 end
local released, freed = 0, 0
for _, id in ipairs(ids) do
  local entry = redis.call('XRANGE', receipts, id, id)[1]
  if entry then
    local fields = entry[2]
    for i = 1, #fields, 2 do
      if fields[i] == 'bytes' then freed = freed + fields[i + 1] end
      if fields[i] == 'job' then redis.call('UNLINK', fields[i + 1]) end
    end
    redis.call('XDEL', receipts, id)
    released = released + 1
  end
end
if freed > 0 then redis.call('DECRBY', receiptBytes, freed) end
return released
