-- Finds the requests to forget a person that are to be tried now and that no worker has.
--
-- KEYS
--   open: sorted set of those that are not done, by when they are next tried
-- ARGV
--   prefix: of the requests' records
--   max: how many are looked at
-- RESULT their ids, the one that is due the longest first
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local due = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', open, '-inf', now, 'LIMIT', 0, max)) do
  if redis.call('EXISTS', prefix .. ':' .. id .. ':holder') == 0 then due[#due + 1] = id end
end
return due
