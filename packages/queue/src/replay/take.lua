-- Takes a replay that no worker has, unless it is to stop.
--
-- KEYS
--   record: hash, the replay
--   holder: string, whose it is
-- ARGV
--   token: of the worker
--   heldMs: how long it has the replay without another word
-- RESULT 1 where it is taken, else 0
local state = redis.call('HGET', record, 'state')
if state ~= 'waiting' and state ~= 'running' then return 0 end
if redis.call('EXISTS', holder) == 1 then return 0 end
if redis.call('HEXISTS', record, 'stop') == 1 then
  redis.call('HSET', record, 'state', 'stopped')
  return 0
end
redis.call('HSET', record, 'state', 'running')
redis.call('SET', holder, token, 'PX', heldMs)
return 1
