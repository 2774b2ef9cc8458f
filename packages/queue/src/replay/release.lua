-- Ends a worker's hold on a replay; nothing happens where another has it.
--
-- KEYS
--   record: hash, the replay
--   holder: string, whose it is
-- ARGV
--   token: of the worker
--   state: that it has from now on
--   problem: why it got no further; empty for nothing
-- RESULT 1 where it is released, else 0
if redis.call('HGET', record, 'state') ~= 'running' then return 0 end
if (redis.call('GET', holder) or token) ~= token then return 0 end
redis.call('DEL', holder)
redis.call('HSET', record, 'state', state)
if state == 'waiting' then return 1 end
local time = redis.call('TIME')
local at = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', record, 'endedAt', string.format('%.0f', at))
if problem ~= '' then redis.call('HSET', record, 'problem', problem) end
return 1
