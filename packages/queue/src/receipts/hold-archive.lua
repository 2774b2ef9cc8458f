-- Takes the archive of a shard, or says that its archivist lives.
--
-- KEYS
--   holder: string, whose it is
-- ARGV
--   token: of the archivist
--   heldMs: how long it has it without another word
-- RESULT 1; 0 where another has it
if (redis.call('GET', holder) or token) ~= token then return 0 end
redis.call('SET', holder, token, 'PX', heldMs)
return 1
