-- Forgets what a count has kept.
--
-- KEYS
--   counting: string, the token of the count
-- ARGV
--   token: of this count
--   parts: as in begin-count.lua
-- RESULT nothing
if redis.call('GET', counting) ~= token then return end
redis.call('DEL', counting, counting .. ':was')
for _, part in ipairs(cjson.decode(parts)) do redis.call('DEL', counting .. ':' .. part[1]) end
