-- Adds what one process saw rules of a destination take. A report that is sent again is known by its number. Times are
-- epoch milliseconds, never later than Redis' own.
--
-- KEYS
--   activity: hash; `<rule>/last`, and by day since 1970 `<rule>/<day>/taken` and `<rule>/<day>/gap`, the longest time
--   reported: string, the number of the last report of this process
-- ARGV
--   number: of this report
--   keptDays: how long a day is kept
--   ...rules: of each its name, how many events it took, and when the first and the last
-- RESULT 1 where it was added, 0 where it had been
if redis.call('GET', reported) == number then return 0 end
redis.call('SET', reported, number, 'EX', 3600)
local DAY_MS = 86400000
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local today = math.floor(now / DAY_MS)
local oldest = today - keptDays
local isNewDay = false

for i = 1, #rules, 4 do
  local rule, taken = rules[i], rules[i + 1]
  local first, last = math.min(tonumber(rules[i + 2]), now), math.min(tonumber(rules[i + 3]), now)
  local ofDay = string.format('%s/%.0f/', rule, today)
  local before = tonumber(redis.call('HGET', activity, rule .. '/last'))
  if before then
    before = math.min(before, now)
    local gap = first - before
    if gap > tonumber(redis.call('HGET', activity, ofDay .. 'gap') or 0) then
      redis.call('HSET', activity, ofDay .. 'gap', string.format('%.0f', gap))
    end
  end
  redis.call('HSET', activity, rule .. '/last', string.format('%.0f', math.max(before or 0, last)))
  if redis.call('HINCRBY', activity, ofDay .. 'taken', taken) == tonumber(taken) then isNewDay = true end
end

-- Once a day and rule: what is older goes, with rules that have taken nothing since.
if isNewDay then
  for _, field in ipairs(redis.call('HKEYS', activity)) do
    local day = tonumber(string.match(field, '/(%d+)/%a+$'))
    if not day then day = math.floor(tonumber(redis.call('HGET', activity, field)) / DAY_MS) end
    if day < oldest then redis.call('HDEL', activity, field) end
  end
end
redis.call('EXPIRE', activity, (keptDays + 1) * 86400)
return 1
