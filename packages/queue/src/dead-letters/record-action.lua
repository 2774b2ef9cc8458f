-- Remembers a run that was about one letter; a second time it writes what is kept.
--
-- KEYS
--   log: hash of records, by run
-- ARGV
--   begun: JSON, the record as it begins
--   id: the letter's stream id
--   reason: it died of
-- RESULT nothing of use
-- @include action-record.lua
local run = cjson.decode(begun).run
local kept = redis.call('HGET', log, run)
if kept then return redis.call('HSET', log, run, kept) end
local record = openRecord(log, begun)
writeLetter(record, id, reason)
closeRecord(log, record)
