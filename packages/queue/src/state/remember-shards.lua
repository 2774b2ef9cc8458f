-- Adds names that may be there, and is a write in any case: a wait behind it is about them.
--
-- KEYS
--   names: set of all shards
-- ARGV
--   ...shards: their names
-- RESULT how many were added
redis.call('SREM', names, unpack(shards))
return redis.call('SADD', names, unpack(shards))
