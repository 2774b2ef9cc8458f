-- Remembers that a person is to be taken out of the archive's rows. What is remembered already, be it done, stays as it is,
-- and is written once more: whoever asks is told only where the replicas have it.
--
-- KEYS
--   record: hash, the request
--   open: sorted set of those that are not done, by when they came
-- ARGV
--   id: of the request
--   format: of the record; empty for the first
--   person: JSON, the texts that stand for the person
--   salt: random
--   ...shards: of each its name, and up to when its receipts are looked through
-- RESULT 1 where it is new, else 0
local state = redis.call('HGET', record, 'state')
if state then
  redis.call('HSET', record, 'state', state)
  return 0
end
local time = redis.call('TIME')
local at = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
redis.call('HSET', record, 'state', 'open', 'person', person, 'salt', salt, 'at', at)
if format ~= '' then redis.call('HSET', record, 'format', format) end
for i = 1, #shards, 2 do redis.call('HSET', record, 'until:' .. shards[i], shards[i + 1]) end
redis.call('ZADD', open, at, id)
return 1
