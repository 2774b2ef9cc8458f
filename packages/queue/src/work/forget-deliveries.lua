-- Takes deliveries of one person out of a job that no worker has: they count as discarded, in their buckets, and the
-- job holds the others under a new revision. All of it happens or nothing. A worker that was frozen past its lock finds
-- another revision and changes nothing; a job of which nothing is left ends when it is taken the next time.
--
-- KEYS
--   job: hash, the batch job
--   lock: string, of the worker that has it
--   ledger: hash
--   hours: hash
--   counting: string, while a process counts the jobs
--   log: hash of records, by run
-- ARGV
--   begun: JSON, the record as it begins
--   rev: the revision that was read with the job
--   nextRev: the one that is written
--   data: JSON, what remains, as BullMQ keeps it
--   remaining: deliveries in it
--   cells: JSON, the same by bucket
--   forgotten: JSON, those that leave, by bucket
-- RESULT 'forgotten', 'in hand', 'stale' or 'gone'; a refusal where what leaves and what remains is not what the job held

-- The revision of a job that no settlement has written to.
local FIRST_REV = '0'
-- @include ../ledger/book.lua
-- @include ../ledger/keep-before.lua
-- @include ../dead-letters/action-record.lua
if redis.call('EXISTS', job) == 0 then return 'gone' end
if redis.call('EXISTS', lock) == 1 then return 'in hand' end
local held = redis.call('HMGET', job, 'rev', 'n', 'cells')
if (held[1] or FIRST_REV) ~= rev then return 'stale' end

-- By bucket, what the job held without what leaves and what remains: nothing.
local rest = cjson.decode(held[3] or '{}')
local leaving = 0
for bucket, deliveries in pairs(cjson.decode(forgotten)) do
  if deliveries ~= math.floor(deliveries) or deliveries < 1 then
    return refuse(deliveries .. ' is no number of deliveries to forget')
  end
  rest[bucket] = (rest[bucket] or 0) - deliveries
  leaving = leaving + deliveries
  book('discarded', bucket, deliveries)
end
for bucket, deliveries in pairs(cjson.decode(cells)) do rest[bucket] = (rest[bucket] or 0) - deliveries end
local isWhole = tonumber(held[2]) == tonumber(remaining) + leaving
for _, deliveries in pairs(rest) do isWhole = isWhole and deliveries == 0 end
if not isWhole then
  return refuse(job .. ' holds ' .. (held[2] or 'nothing') .. ', and would be left with ' .. remaining .. ' once ' .. leaving .. ' are forgotten')
end

local record = openRecord(log, begun)
writeDeliveries(record, leaving)
keepBefore()
writeBooks()
redis.call('HSET', job, 'data', data, 'n', remaining, 'cells', cells, 'rev', nextRev)
closeRecord(log, record)
return 'forgotten'
