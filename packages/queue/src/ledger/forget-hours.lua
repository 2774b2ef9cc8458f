-- Forgets buckets in which nothing is open: all was delivered, a duplicate, filtered or discarded. What holds dead
-- letters lives as long as they do; a difference stays. The totals keep what is forgotten here.
--
-- KEYS
--   hours: hash
-- ARGV
--   ...fields: of old buckets, all that each has: <hour>/<source>/<counter>
-- RESULT how many buckets were forgotten
local counters = { 'accepted', 'delivered', 'duplicate', 'filtered', 'discarded', 'dead' }
local old = {}
for _, field in ipairs(fields) do
  local bucket = string.match(field, '^(.*)/%a+$')
  old[bucket] = old[bucket] or {}
  table.insert(old[bucket], field)
end
local forgotten = 0
for bucket, named in pairs(old) do
  local names = {}
  for i, counter in ipairs(counters) do names[i] = bucket .. '/' .. counter end
  local now = redis.call('HMGET', hours, unpack(names))
  local accepted, settled, dead = tonumber(now[1] or 0), 0, tonumber(now[6] or 0)
  for i = 2, 5 do settled = settled + tonumber(now[i] or 0) end
  if dead == 0 and accepted == settled then
    redis.call('HDEL', hours, unpack(named))
    forgotten = forgotten + 1
  end
end
return forgotten
