-- Finds the replays that no worker has.
--
-- KEYS
--   ids: sorted set of all
-- ARGV
--   prefix: of the replays' records
-- RESULT their ids, the oldest first
local open = {}
for _, id in ipairs(redis.call('ZRANGE', ids, 0, -1)) do
  local key = prefix .. ':' .. id
  local state = redis.call('HGET', key, 'state')
  if (state == 'waiting' or state == 'running') and redis.call('EXISTS', key .. ':holder') == 0 then
    table.insert(open, id)
  end
end
return open
