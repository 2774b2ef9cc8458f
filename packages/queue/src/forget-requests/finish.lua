-- Ends a request to forget a person: nothing of the person stays. Nothing happens where another worker has it.
--
-- KEYS
--   record: hash, the request
--   holder: string, whose it is
--   open: sorted set of those that are not done, by when they are next tried
--   since: sorted set of the same, by when they came
--   problems: hash, why each of them is not done
-- ARGV
--   token: of the worker
--   id: of the request
--   keptMs: for how long the same call is known again
-- RESULT 1 where it is ended, else 0
if redis.call('HGET', record, 'state') ~= 'open' then return 0 end
if (redis.call('GET', holder) or token) ~= token then return 0 end
redis.call('HDEL', record, 'ids', 'refuseLater', 'tries')
redis.call('HSET', record, 'state', 'done')
redis.call('PEXPIRE', record, keptMs)
redis.call('DEL', holder)
redis.call('ZREM', open, id)
redis.call('ZREM', since, id)
redis.call('HDEL', problems, id)
return 1
