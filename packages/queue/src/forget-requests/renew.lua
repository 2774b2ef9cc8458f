-- Says that the worker of a request to forget a person lives.
--
-- KEYS
--   record: hash, the request
--   holder: string, whose it is
-- ARGV
--   token: of the worker
--   heldMs: how long it has the request without another word
-- RESULT 1; 0 where another has gone on with it
if redis.call('HGET', record, 'state') ~= 'open' then return 0 end
if (redis.call('GET', holder) or token) ~= token then return 0 end
redis.call('SET', holder, token, 'PX', heldMs)
return 1
