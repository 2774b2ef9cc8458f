-- Keeps the first time that is said of an event, and gives it to all that come later. Where all are there it writes one
-- of them once more: a wait behind it is about those that another process has written.
--
-- KEYS
--   ...events: string each
-- ARGV
--   keptSeconds: until a time is forgotten
--   ...times: ISO, one an event
-- RESULT the time that holds, one an event
local kept = {}
local isWritten = false
for i = 1, #events do
  kept[i] = redis.call('GET', events[i])
  if not kept[i] then
    kept[i] = times[i]
    redis.call('SET', events[i], kept[i], 'EX', keptSeconds)
    isWritten = true
  end
end
if not isWritten then redis.call('SET', events[1], kept[1], 'KEEPTTL') end
return kept
