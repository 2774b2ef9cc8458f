-- Remembers a run that was about no letter and no delivery; a second time it writes what is kept.
--
-- KEYS
--   log: hash of records, by run
-- ARGV
--   begun: JSON, the record as it begins
-- RESULT nothing of use
-- @include action-record.lua
local run = cjson.decode(begun).run
local kept = redis.call('HGET', log, run)
if kept then return redis.call('HSET', log, run, kept) end
local record = openRecord(log, begun)
writeDeliveries(record, 0)
closeRecord(log, record)
