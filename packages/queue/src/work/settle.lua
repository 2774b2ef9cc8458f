-- One settlement, whole or not at all: the remainder into the job, the counts into the ledger and the hours, the dead
-- letters into their stream; and the job's end, where nothing remains and it is in a worker's hand. No other command
-- ends a job.
--
-- The revision guards it. Each is unique to the attempt at settling that wrote it, so it names one content of the job
-- wherever it is read: a worker that was frozen past its lock, or that has read the job at another server, changes
-- nothing, and a command that a reconnect sent twice knows itself. A job that has ended leaves its last revision behind
-- for a minute, for the same reason.
--
-- A job that waits again (its lock ran out, or the server never knew that it was taken) stays, empty, until it is taken
-- once more: looking for it among a million others would stop Redis.
--
-- KEYS
--   job: hash, the batch job
--   ledger: hash
--   hours: hash
--   deadLetters: stream
--   fingerprints: hash, counts of letters
--   counting: string, while a process counts the jobs
--   active: list, ids of jobs that are in a worker's hand
--   stalled: set, ids of jobs whose lock may have run out
--   lateUsage: hash, late usage by name
--   receipts: stream, what is left for the archive
--   receiptBytes: string, bytes of it
--   receiptGaps: hash, what it has no room for
--   receiptJob: hash that the job is copied to, where all of it ended
--   replay?: hash, how far the replay has come that put some of the job back
-- ARGV
--   rev: the revision that was read with the job
--   nextRev: the one that is written
--   data: JSON, what remains, as BullMQ keeps it
--   remaining: deliveries in it
--   cells: JSON, the same by bucket
--   jobId: as BullMQ knows it
--   duplicates: of deliveries that the replay put back
--   counts: JSON, deliveries of which nothing is kept: by counter, and then by bucket
--   late: JSON, a list of late usage by name
--   receipt: JSON, what the archive is told of the deliveries that ended; empty where nobody is to be told
--   part: JSON, these deliveries as a job's data; empty where they are all that the job held
--   receiptLimit: bytes of receipts that may wait
--   from: the first of the times of the events that were tried, ISO 8601; empty where unknown
--   to: the last of them
--   ...letters: of each dead letter its reason, what is stored, its bucket, and its fingerprint's digest and text
-- RESULT 'ended', 'settled', 'stale' or 'gone'; a refusal where what is done and what remains is not what the job held

-- A settlement that is sent again since its answer was lost comes as soon as Redis is back.
local ENDED_SECONDS = 60
-- The revision of a job that no settlement has written to.
local FIRST_REV = '0'
-- @include ../dead-letters/letters.lua
-- @include ../ledger/keep-before.lua
-- @include ../ledger/count-late.lua
-- @include ../receipts/leave-receipt.lua
local ended = job .. ':ended'
if redis.call('EXISTS', job) == 0 then
  return redis.call('GET', ended) == nextRev and 'ended' or 'gone'
end
local kept = redis.call('HGET', job, 'rev') or FIRST_REV
if kept == nextRev then return 'settled' end
if kept ~= rev then
  -- This hand has sent what the job's own record does not know of: that counts as one more turn.
  redis.call('HINCRBY', job, 'ats', 1)
  return 'stale'
end
local done = 0
for counter, buckets in pairs(cjson.decode(counts)) do
  for bucket, deliveries in pairs(buckets) do
    book(counter, bucket, deliveries)
    if counter == 'delivered' or counter == 'duplicate' then done = done + deliveries end
  end
end
local dead = #letters / 5
local day = dead > 0 and today()
local fields = {}
for i = 1, #letters, 5 do
  fields[i] = bookLetter(letters[i], letters[i + 2], day, letters[i + 3], letters[i + 4])
end
local held = redis.call('HGET', job, 'n') or 'nothing'
if tonumber(held) ~= tonumber(remaining) + done + dead then
  return refuse(job .. ' holds ' .. held .. ', and is settled as ' .. done .. ' done, ' .. dead .. ' dead and ' .. remaining .. ' left')
end
keepBefore()
-- Before anything changes the job.
if receipt ~= '' then leaveReceipt(cjson.decode(counts)) end
-- A replay that is forgotten is not begun again.
if replay and redis.call('EXISTS', replay) == 1 then redis.call('HINCRBY', replay, 'duplicates', duplicates) end
for i = 1, #letters, 5 do addLetter(letters[i], letters[i + 1], letters[i + 2], fields[i]) end
writeBooks()
countLate(cjson.decode(late))
if remaining == '0' and redis.call('LREM', active, -1, jobId) > 0 then
  redis.call('DEL', job, job .. ':lock')
  redis.call('SREM', stalled, jobId)
  redis.call('SET', ended, nextRev, 'EX', ENDED_SECONDS)
  return 'ended'
end
redis.call('HSET', job, 'data', data, 'n', remaining, 'cells', cells, 'rev', nextRev)
return 'settled'
