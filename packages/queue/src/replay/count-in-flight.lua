-- Counts what of a replay's jobs is not settled yet; forgets those that are.
--
-- KEYS
--   replayJobs: set, ids of the replay's jobs
-- ARGV
--   prefix: of the queue's keys
-- RESULT deliveries in flight
local inFlight = 0
for _, id in ipairs(redis.call('SMEMBERS', replayJobs)) do
  local n = redis.call('HGET', prefix .. id, 'n')
  if n then inFlight = inFlight + tonumber(n) else redis.call('SREM', replayJobs, id) end
end
return inFlight
