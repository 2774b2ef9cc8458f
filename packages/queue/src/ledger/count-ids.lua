-- Adds up jobs by their ids. `was` is the hash of those that were settled since the count began; it may be left out.
-- A part is where BullMQ keeps ids: its name, and whether it is a list or a sorted set.
-- @include held.lua
local function countIds(prefix, ids, was)
  local inFlight, oldest, newest, buckets = 0, -1, -1, {}
  local anyWas = was and redis.call('EXISTS', was) == 1
  for _, id in ipairs(ids) do
    local job = redis.call('HMGET', prefix .. id, 'n', 'cells', 'timestamp')
    local n, text = job[1], job[2]
    local before = anyWas and redis.call('HGET', was, prefix .. id)
    if before then n, text = string.match(before, '^(%d+) (.*)$') end
    inFlight = inFlight + tonumber(n or 0)
    text = text or '{}'
    buckets[text] = (buckets[text] or 0) + 1
    local at = tonumber(job[3] or -1)
    if at >= 0 and (oldest < 0 or at < oldest) then oldest = at end
    if at > newest then newest = at end
  end
  local flat = {}
  for text, jobs in pairs(buckets) do
    flat[#flat + 1] = text
    flat[#flat + 1] = jobs
  end
  return { inFlight, oldest, flat, newest }
end
local function idsOf(kind, key, from, to)
  return redis.call(kind == 'list' and 'LRANGE' or 'ZRANGE', key, from, to)
end
