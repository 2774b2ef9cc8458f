-- What an archivist says of a shard that a person is taken out of. Once all shards are done nothing of the person stays.
--
-- KEYS
--   record: hash, the request
--   open: sorted set of those that are not done, by when they came
-- ARGV
--   id: of the request
--   shard: its name
--   told: JSON, how far it is or what came of it
--   isDone: 1 or 0
--   keptMs: for how long is known what came of it, once all is done
-- RESULT 1; 0 where the shard is done, or the request gone
if redis.call('HEXISTS', record, 'until:' .. shard) == 0 then return 0 end
redis.call('HSET', record, 'told:' .. shard, told)
if isDone ~= '1' then return 1 end
redis.call('HDEL', record, 'until:' .. shard)
for _, field in ipairs(redis.call('HKEYS', record)) do
  if string.sub(field, 1, 6) == 'until:' then return 1 end
end
redis.call('HDEL', record, 'person', 'salt')
redis.call('HSET', record, 'state', 'done')
redis.call('PEXPIRE', record, keptMs)
redis.call('ZREM', open, id)
return 1
