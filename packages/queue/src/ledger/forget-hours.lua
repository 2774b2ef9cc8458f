-- Forgets buckets that are older than so many hours, by Redis' own clock, and in which nothing is open: all was
-- delivered, a duplicate, filtered or discarded. What holds dead letters lives as long as they do; a difference stays.
-- The totals keep what is forgotten here.
--
-- KEYS
--   hours: hash
-- ARGV
--   keptHours: how old a bucket has to be
-- RESULT how many buckets were forgotten
local oldest = math.floor(redis.call('TIME')[1] / 3600) - keptHours
local old = {}
local all = redis.call('HGETALL', hours)
for i = 1, #all, 2 do
  local hour, source, count = string.match(all[i], '^(%d+)/(.*)/(%a+)$')
  if tonumber(hour) < oldest then
    local bucket = hour .. '/' .. source
    old[bucket] = old[bucket] or { accepted = 0, delivered = 0, duplicate = 0, filtered = 0, dead = 0, discarded = 0 }
    old[bucket][count] = tonumber(all[i + 1])
  end
end
local forgotten = 0
for bucket, counts in pairs(old) do
  local settled = counts.delivered + counts.duplicate + counts.filtered + counts.discarded
  if counts.dead == 0 and counts.accepted == settled then
    for count in pairs(counts) do redis.call('HDEL', hours, bucket .. '/' .. count) end
    forgotten = forgotten + 1
  end
end
return forgotten
