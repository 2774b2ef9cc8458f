-- Counts a portion of the ids that were kept when a count began.
--
-- KEYS
--   counting: string, the token of the count
--   copy: the ids of one part
-- ARGV
--   prefix: of the queue's keys
--   token: of this count
--   kind: of the part, 'list' or 'set'
--   from: the first of the portion, from 0
--   to: the last
--   parts: as in begin-count.lua
-- RESULT the count; nothing where another count has begun, or this one was away for too long
-- @include count-ids.lua
if redis.call('GET', counting) ~= token then return false end
redis.call('PEXPIRE', counting, HELD_MS)
redis.call('PEXPIRE', counting .. ':was', HELD_MS)
for _, part in ipairs(cjson.decode(parts)) do redis.call('PEXPIRE', counting .. ':' .. part[1], HELD_MS) end
return countIds(prefix, idsOf(kind, copy, from, to), counting .. ':was')
