-- Says that the worker of a replay lives.
--
-- KEYS
--   record: hash, the replay
--   holder: string, whose it is
-- ARGV
--   token: of the worker
--   heldMs: how long it has the replay without another word
-- RESULT 'kept'; 'stop' where it was asked to; 'lost' where another has gone on with it
if redis.call('HGET', record, 'state') ~= 'running' then return 'lost' end
if (redis.call('GET', holder) or token) ~= token then return 'lost' end
redis.call('SET', holder, token, 'PX', heldMs)
return redis.call('HEXISTS', record, 'stop') == 1 and 'stop' or 'kept'
