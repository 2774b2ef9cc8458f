-- Tells whether a hash has what it was given, and writes it once more: then a wait behind it is about all of it.
--
-- KEYS
--   record: a hash
-- ARGV
--   field: of the hash
--   value: that it should have
-- RESULT 1 where it has, else 0
if redis.call('HGET', record, field) ~= value then return 0 end
redis.call('HSET', record, field, value)
return 1
