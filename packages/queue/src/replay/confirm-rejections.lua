-- Tells whether a shard was given all these letters of the receiver, and writes that once more.
--
-- KEYS
--   progress: hash, how far the replay has come in this shard
-- ARGV
--   names: JSON, of the letters
-- RESULT 1 where it was, else 0
local rejections = redis.call('HGET', progress, 'rejections')
if not rejections then return 0 end
local given = {}
for _, name in ipairs(cjson.decode(rejections)) do given[name] = true end
for _, name in ipairs(cjson.decode(names)) do
  if not given[name] then return 0 end
end
redis.call('HSET', progress, 'rejections', rejections)
return 1
