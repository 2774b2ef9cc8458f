-- Says up to when a shard's receipts go that there are now.
--
-- KEYS
--   receipts: stream
-- ARGV
-- RESULT epoch milliseconds; no receipt that was left before has a later id
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local last = redis.call('XREVRANGE', receipts, '+', '-', 'COUNT', 1)[1]
local lastAt = last and tonumber(string.match(last[1], '^%d+')) or 0
return math.max(now, lastAt)
