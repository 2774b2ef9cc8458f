-- Runs in the transaction that has added the jobs, and takes them back where the step must not happen: where the replay
-- stands elsewhere (a step that a reconnect sent twice, or another process that goes on with it), or another command
-- took one of the letters, or another letter has its id. A job that has its `n` is of the step that did happen, and
-- stays. So a letter becomes a delivery once, at whatever moment a process is killed.
--
-- KEYS
--   ledger: hash
--   hours: hash
--   deadLetters: stream
--   fingerprints: hash, counts of letters
--   progress: hash, how far the replay has come in this shard
--   replayJobs: set, ids of the replay's jobs
--   prioritized: sorted set, ids of jobs that wait behind live ones
--   ...jobs: hash each, the jobs that the transaction has added
-- ARGV
--   given: JSON, the step
-- RESULT 1 where it happened, else 0; a refusal, in which nothing happened either, where the books have fewer letters
-- @include ../dead-letters/letters.lua
local step = cjson.decode(given)
local function undo()
  for i, job in ipairs(step.jobs) do
    if redis.call('HEXISTS', jobs[i], 'n') == 0 then
      redis.call('ZREM', prioritized, job.id)
      redis.call('DEL', jobs[i])
    end
  end
  return 0
end
for i = 1, #step.jobs do
  if redis.call('EXISTS', jobs[i]) == 0 then return undo() end
end
if step.from and (redis.call('HGET', progress, 'position') or '') ~= step.from then return undo() end
if step.rejections and redis.call('HGET', progress, 'rejections') == step.rejections then return undo() end
for at, id in ipairs(step.taken) do
  local letter = readLetter(id)
  if not letter or redis.sha1hex(letter.z) ~= step.digests[at] then return undo() end
  bookGone(letter)
  book('accepted', letter.cell, -1)
end
for bucket, events in pairs(step.filtered) do
  book('accepted', bucket, events)
  book('filtered', bucket, events)
end
local deliveries = 0
for _, job in ipairs(step.jobs) do
  deliveries = deliveries + job.n
  for bucket, each in pairs(cjson.decode(job.cells)) do book('accepted', bucket, each) end
end
local refusal = checkBooks()
if refusal then
  undo()
  return refusal
end

if #step.taken > 0 then redis.call('XDEL', deadLetters, unpack(step.taken)) end
for i, job in ipairs(step.jobs) do
  redis.call('HSET', jobs[i], 'n', job.n, 'cells', job.cells)
  redis.call('SADD', replayJobs, job.id)
end
writeBooks()
local function raise(field, by)
  if by ~= 0 then redis.call('HINCRBY', progress, field, by) end
end
raise('replayed', #step.taken)
raise('deliveries', deliveries)
for why, letters in pairs(step.left) do raise('left:' .. why, letters) end
if step.through then redis.call('HSET', progress, 'position', step.through) end
if step.rejections then redis.call('HSET', progress, 'rejections', step.rejections) end
if step.edited then redis.call('HSET', progress, 'edited', step.edited) end
return 1
