-- Says anew what a replay that is done was to do, where it is still as it was read.
--
-- KEYS
--   record: hash of the replay
-- ARGV
--   before: what was read
--   after: what is written
-- RESULT 1 where it was written, else 0
if redis.call('HGET', record, 'state') ~= 'done' or redis.call('HGET', record, 'what') ~= before then return 0 end
redis.call('HSET', record, 'what', after)
return 1
