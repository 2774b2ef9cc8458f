-- Remembers requests to forget a person, which a worker takes. One that is remembered already, be it done, stays as it
-- is, and is written once more: its sender is told of it again only where the replicas have it.
--
-- KEYS
--   open: sorted set of those that are not done, by when they are next tried
--   since: sorted set of the same, by when they came
-- ARGV
--   prefix: of the requests' records
--   source: that brought them
--   format: of the records; empty for the first
--   ...requests: of each its id, its person's ids as JSON, and whether later events are refused, 1 or 0
-- RESULT how many are new
local time = redis.call('TIME')
local at = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
local new = 0
for i = 1, #requests, 3 do
  local id, ids, refuseLater = unpack(requests, i, i + 2)
  local key = prefix .. ':' .. id
  local state = redis.call('HGET', key, 'state')
  if state then
    redis.call('HSET', key, 'state', state)
  else
    redis.call('HSET', key, 'state', 'open', 'source', source, 'ids', ids, 'refuseLater', refuseLater, 'at', at)
    if format ~= '' then redis.call('HSET', key, 'format', format) end
    redis.call('ZADD', open, at, id)
    redis.call('ZADD', since, at, id)
    new = new + 1
  end
end
return new
