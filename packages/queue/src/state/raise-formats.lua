-- Says formats that a version writes, where nothing is said of them yet or a lower one is. Two versions that start at
-- once leave the higher ones.
--
-- KEYS
--   formats: hash, by kind the format and the version that could read it first
-- ARGV
--   ...news: of each kind its name, its format and that version
-- RESULT how many say something else now
local raised = 0
for i = 1, #news, 3 do
  local kept = tonumber(string.match(redis.call('HGET', formats, news[i]) or '0', '^%d+'))
  if tonumber(news[i + 1]) > kept then
    redis.call('HSET', formats, news[i], news[i + 1] .. ' ' .. news[i + 2])
    raised = raised + 1
  end
end
return raised
