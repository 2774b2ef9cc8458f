-- Keeps what a person did to dead letters, by run. `openRecord` reads a run's record or begins it, `writeLetter` adds
-- a letter to it, `writeDeliveries` what waited in jobs, `closeRecord` keeps it, where it says anything. A run writes one record however many pages it takes,
-- so that a million letters push no other record out.
local RUNS, IDS = 1000, 100
local function openRecord(key, begun)
  local record = cjson.decode(begun)
  local kept = redis.call('HGET', key, record.run)
  if kept then return cjson.decode(kept) end
  local time = redis.call('TIME')
  record.at = time[1] * 1000 + math.floor(time[2] / 1000)
  record.letters = 0
  record.byReason = {}
  return record
end
local function writeLetter(record, id, reason)
  record.letters = record.letters + 1
  record.byReason[reason] = (record.byReason[reason] or 0) + 1
  -- An empty list would be kept as an object.
  record.ids = record.ids or {}
  if #record.ids < IDS then record.ids[#record.ids + 1] = id end
end
local function writeDeliveries(record, deliveries)
  record.deliveries = (record.deliveries or 0) + deliveries
end
local function closeRecord(key, record)
  if record.letters == 0 and not record.deliveries then return end
  redis.call('HSET', key, record.run, cjson.encode(record))
  if redis.call('HLEN', key) <= RUNS then return end
  local oldest
  for _, run in ipairs(redis.call('HKEYS', key)) do
    if not oldest or run < oldest then oldest = run end
  end
  redis.call('HDEL', key, oldest)
end
