-- Counts late usage of some names as their months' other, where no owner is told.
--
-- KEYS
--   lateUsage: hash, late usage by name
-- ARGV
--   ...names: each name, and that of its month's other
-- RESULT deliveries that are told of no owner any more
local moved = 0
for i = 1, #names, 2 do
  local deliveries = redis.call('HGET', lateUsage, 'n/' .. names[i])
  if deliveries then
    redis.call('HINCRBY', lateUsage, 'n/' .. names[i + 1], deliveries)
    redis.call('HDEL', lateUsage, 'n/' .. names[i], 'w/' .. names[i], 'f/' .. names[i])
    moved = moved + tonumber(deliveries)
  end
end
return moved
