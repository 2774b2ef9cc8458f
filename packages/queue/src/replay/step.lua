-- Runs in the transaction that has added the jobs, and takes them back where the step must not happen: where the replay
-- stands elsewhere (a step that a reconnect sent twice, or another process that goes on with it), or another command
-- took one of the letters, or another letter has its id. A job that has its `n` is of the step that did happen, and
-- stays. So a letter becomes a delivery once, at whatever moment a process is killed.
--
-- KEYS
--   ledger: hash
--   hours: hash
--   deadLetters: stream
--   progress: hash, how far the replay has come in this shard
--   replayJobs: set, ids of the replay's jobs
--   prioritized: sorted set, ids of jobs that wait behind live ones
--   ...jobs: hash each, the jobs that the transaction has added
-- ARGV
--   given: JSON, the step
-- RESULT 1 where it happened, else 0
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
local reasons, dead = {}, {}
for at, id in ipairs(step.taken) do
  local found = redis.call('XRANGE', deadLetters, id, id)[1]
  if not found then return undo() end
  local letter = {}
  for j = 1, #found[2], 2 do letter[found[2][j]] = found[2][j + 1] end
  if redis.sha1hex(letter.z) ~= step.digests[at] then return undo() end
  reasons[letter.reason] = (reasons[letter.reason] or 0) + 1
  dead[letter.cell] = (dead[letter.cell] or 0) + 1
end

local accepted, deliveries = 0, 0
local byCell = {}
local function accept(count, cell)
  byCell[cell] = (byCell[cell] or 0) + count
end
if #step.taken > 0 then redis.call('XDEL', deadLetters, unpack(step.taken)) end
for reason, count in pairs(reasons) do redis.call('HINCRBY', ledger, 'dead:' .. reason, 0 - count) end
for cell, count in pairs(dead) do
  redis.call('HINCRBY', hours, cell .. '/dead', 0 - count)
  accept(0 - count, cell)
end
for cell, count in pairs(step.filtered) do
  redis.call('HINCRBY', ledger, 'filtered', count)
  redis.call('HINCRBY', hours, cell .. '/filtered', count)
  accepted = accepted + count
  accept(count, cell)
end
for i, job in ipairs(step.jobs) do
  redis.call('HSET', jobs[i], 'n', job.n, 'cells', job.cells)
  redis.call('SADD', replayJobs, job.id)
  deliveries = deliveries + job.n
  for cell, count in pairs(cjson.decode(job.cells)) do accept(count, cell) end
end
local function raise(key, field, count)
  if count ~= 0 then redis.call('HINCRBY', key, field, count) end
end
raise(ledger, 'dead', 0 - #step.taken)
raise(ledger, 'accepted', accepted + deliveries - #step.taken)
for cell, count in pairs(byCell) do raise(hours, cell .. '/accepted', count) end
raise(progress, 'replayed', #step.taken)
raise(progress, 'deliveries', deliveries)
for why, count in pairs(step.left) do raise(progress, 'left:' .. why, count) end
if step.through then redis.call('HSET', progress, 'position', step.through) end
if step.rejections then redis.call('HSET', progress, 'rejections', step.rejections) end
if step.edited then redis.call('HSET', progress, 'edited', step.edited) end
return 1
