-- Lets a stopped replay go on.
--
-- KEYS
--   record: hash, the replay
-- ARGV
--   what: JSON, which letters and how fast from now on
-- RESULT 'resumed', or the state in which it is left
local state = redis.call('HGET', record, 'state')
if state ~= 'stopped' then return state end
redis.call('HDEL', record, 'stop', 'endedAt', 'problem')
redis.call('HSET', record, 'state', 'waiting', 'what', what)
return 'resumed'
