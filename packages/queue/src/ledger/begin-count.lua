-- Looks at everything at once, and counts the jobs where they are few. Where they are many it keeps their ids as they
-- are now, and from now on a settlement keeps what it changes (keep-before.lua): so the jobs can be counted in portions,
-- and the sum is still of this one moment. One such count at a time.
--
-- KEYS
--   ledger: hash
--   hours: hash
--   deadLetters: stream
--   counting: string, the token of the count that is on its way; what it keeps lies under names behind this
-- ARGV
--   prefix: of the queue's keys
--   token: unique to this count
--   atOnce: so many jobs are few
--   parts: JSON, `[part, 'list' | 'set', …]` each
--   withHours: 1, or 0 where nobody asks for them
-- RESULT 'counted', the look and the count; 'begun' and the look; or 'busy'
-- @include count-ids.lua
local each = cjson.decode(parts)
local lengths, total = {}, 0
for i, part in ipairs(each) do
  lengths[i] = redis.call(part[2] == 'list' and 'LLEN' or 'ZCARD', prefix .. part[1])
  total = total + lengths[i]
end
local look = {
  redis.call('HGETALL', ledger), withHours == '1' and redis.call('HGETALL', hours) or {},
  redis.call('XLEN', deadLetters), lengths,
}
if total <= tonumber(atOnce) then
  local ids = {}
  for _, part in ipairs(each) do
    for _, id in ipairs(idsOf(part[2], prefix .. part[1], 0, -1)) do ids[#ids + 1] = id end
  end
  return { 'counted', look, countIds(prefix, ids) }
end
if (redis.call('GET', counting) or token) ~= token then return { 'busy' } end
redis.call('SET', counting, token, 'PX', HELD_MS)
redis.call('DEL', counting .. ':was')
for i, part in ipairs(each) do
  local copy = counting .. ':' .. part[1]
  redis.call('DEL', copy)
  if lengths[i] > 0 then
    redis.call('COPY', prefix .. part[1], copy)
    redis.call('PEXPIRE', copy, HELD_MS)
  end
end
return { 'begun', look }
