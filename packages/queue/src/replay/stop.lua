-- Asks the worker of a replay to stop; one that no worker has is stopped at once.
--
-- KEYS
--   record: hash, the replay
--   holder: string, whose it is
-- ARGV
-- RESULT its state: 'running' where there is a worker to wait for
local state = redis.call('HGET', record, 'state')
if state == 'done' or state == 'stopped' then return state end
redis.call('HSET', record, 'stop', 1)
if redis.call('EXISTS', holder) == 1 then return 'running' end
redis.call('HSET', record, 'state', 'stopped')
return 'stopped'
