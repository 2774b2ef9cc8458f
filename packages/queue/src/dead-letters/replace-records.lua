-- Writes records of what people did anew, each where it is still as it was read.
--
-- KEYS
--   log: hash of records, by run
-- ARGV
--   ...records: of each its run, what was read, and what is written
-- RESULT how many were written
local written = 0
for i = 1, #records, 3 do
  if redis.call('HGET', log, records[i]) == records[i + 1] then
    redis.call('HSET', log, records[i], records[i + 2])
    written = written + 1
  end
end
return written
