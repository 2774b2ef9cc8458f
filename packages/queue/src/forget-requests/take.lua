-- Takes a request to forget a person that no worker has. What it is remembered by stays that of its first turn.
--
-- KEYS
--   record: hash, the request
--   holder: string, whose it is
-- ARGV
--   token: of the worker
--   heldMs: how long it has the request without another word
--   run: that this worker would remember it by
-- RESULT the run that it is remembered by; nothing where it is not to be taken
if redis.call('HGET', record, 'state') ~= 'open' or redis.call('EXISTS', holder) == 1 then return false end
redis.call('SET', holder, token, 'PX', heldMs)
redis.call('HSETNX', record, 'run', run)
return redis.call('HGET', record, 'run')
