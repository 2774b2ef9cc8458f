-- Takes the archive of a shard, or says that its archivist lives.
--
-- KEYS
--   holder: string, whose it is
-- ARGV
--   token: of the archivist
--   heldMs: how long it has it without another word
-- RESULT 'kept', where it had it until now; 'taken'; 'other' where another has it
local has = redis.call('GET', holder)
if has and has ~= token then return 'other' end
redis.call('SET', holder, token, 'PX', heldMs)
return has and 'kept' or 'taken'
