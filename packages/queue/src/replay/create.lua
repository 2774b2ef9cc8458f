-- Remembers a replay, which a worker takes and runs.
--
-- KEYS
--   last: string, the number of the newest replay
--   ids: sorted set of all
-- ARGV
--   prefix: of the replays' records
--   by: who began it
--   what: JSON, which letters and how fast
--   lanes: JSON, where it ends in each shard
--   format?: of `what` and `lanes`, where it is not the first
-- RESULT its id
local id = string.format('%.0f', redis.call('INCR', last))
local time = redis.call('TIME')
local at = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', prefix .. ':' .. id, 'state', 'waiting', 'by', by, 'what', what, 'lanes', lanes,
  'startedAt', string.format('%.0f', at))
if format then redis.call('HSET', prefix .. ':' .. id, 'format', format) end
redis.call('ZADD', ids, id, id)
return id
