-- Puts a request to forget a person back that could not be done now; nothing happens where another worker has it.
--
-- KEYS
--   record: hash, the request
--   holder: string, whose it is
--   open: sorted set of those that are not done, by when they are next tried
--   problems: hash, why each of them is not done
-- ARGV
--   token: of the worker
--   id: of the request
--   why: a word; empty where it is to go on elsewhere
--   waitMs: until it is tried again
-- RESULT 1 where it is put back, else 0
if redis.call('HGET', record, 'state') ~= 'open' then return 0 end
if (redis.call('GET', holder) or token) ~= token then return 0 end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('DEL', holder)
redis.call('ZADD', open, string.format('%.0f', now + waitMs), id)
if why ~= '' then
  redis.call('HINCRBY', record, 'tries', 1)
  redis.call('HSET', problems, id, why)
end
return 1
