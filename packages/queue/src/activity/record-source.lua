-- Adds what one process saw of a source's events. A report that is sent again is known by its number. Times are epoch
-- milliseconds, never later than Redis' own.
--
-- Names are a sketch of the most frequent (space-saving): when it is full, a new name takes the place of the rarest and
-- goes on from its count, so that it has a chance. `seen` says how much of a count is not its own.
--
-- KEYS
--   names: sorted set, events of names that no rule takes
--   seen: hash, of each of those when it was seen last, and what of its count it took over
--   paths: sorted set, when each path was seen last; `*` stands for those that found no room
--   samples: hash, `events`: how many were looked into for paths; `hour`: when names were last looked through; `rules`
--   taken: sorted set, names that a rule takes by the rules that `rules` names, by when
--   reported: string, the number of the last report of this process
-- ARGV
--   number: of this report
--   keptDays: how long what is not seen again is kept
--   maxNames: of the sketch
--   maxPaths: that are kept
--   sampled: events that were looked into for paths
--   rules: the name of all rules that events were routed by
--   takenNames: JSON, names of which a rule took an event
--   foundPaths: JSON
--   ...untaken: of each name that no rule takes: itself, its events, and when it was seen last
-- RESULT 1 where it was added, 0 where it had been
if redis.call('GET', reported) == number then return 0 end
redis.call('SET', reported, number, 'EX', 3600)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local oldest = now - keptDays * 86400000

local function say(number) return string.format('%.0f', number) end

local function forget(name)
  redis.call('ZREM', names, name)
  redis.call('HDEL', seen, name)
end

-- Another process may have taken what this one did not. By other rules that says nothing.
if redis.call('HGET', samples, 'rules') ~= rules then
  redis.call('DEL', taken)
  redis.call('HSET', samples, 'rules', rules)
end
for _, name in ipairs(cjson.decode(takenNames)) do
  redis.call('ZADD', taken, say(now), name)
  forget(name)
end
redis.call('ZREMRANGEBYRANK', taken, 0, -1 - maxNames)

local function count(name, events, last)
  local tookOver = string.match(redis.call('HGET', seen, name) or '', ' (%d+)$')
  if not tookOver then
    tookOver = '0'
    if redis.call('ZCARD', names) >= tonumber(maxNames) then
      local rarest = redis.call('ZPOPMIN', names)
      redis.call('HDEL', seen, rarest[1])
      tookOver = say(rarest[2])
      redis.call('ZADD', names, rarest[2], name)
    end
  end
  redis.call('ZINCRBY', names, events, name)
  redis.call('HSET', seen, name, say(last) .. ' ' .. tookOver)
end

for i = 1, #untaken, 3 do
  local name, events, last = untaken[i], untaken[i + 1], math.min(tonumber(untaken[i + 2]), now)
  if not redis.call('ZSCORE', taken, name) then count(name, events, last) end
end

local found = cjson.decode(foundPaths)
for _, path in ipairs(found) do redis.call('ZADD', paths, say(now), path) end
if #found > 0 then
  redis.call('ZREMRANGEBYSCORE', paths, '-inf', '(' .. say(oldest))
  local tooMany = redis.call('ZCARD', paths) - maxPaths
  if tooMany > 0 then
    redis.call('ZPOPMIN', paths, tooMany + 1)
    redis.call('ZADD', paths, say(now), '*')
  end
end

redis.call('HINCRBY', samples, 'events', sampled)
local hour = say(math.floor(now / 3600000))
if redis.call('HGET', samples, 'hour') ~= hour then
  redis.call('HSET', samples, 'hour', hour)
  local all = redis.call('HGETALL', seen)
  for i = 1, #all, 2 do
    if tonumber(string.match(all[i + 1], '^%d+')) < oldest then forget(all[i]) end
  end
end
for _, key in ipairs({ names, seen, paths, samples, taken }) do redis.call('EXPIRE', key, keptDays * 86400) end
return 1
