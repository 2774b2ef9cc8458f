-- For a script that changes a job: keeps what the job was when a count began. Uses its `job` and `counting`.
-- @include held.lua
local function keepBefore()
  if redis.call('EXISTS', counting) == 0 then return end
  local before = redis.call('HMGET', job, 'n', 'cells')
  redis.call('HSETNX', counting .. ':was', job, (before[1] or 0) .. ' ' .. (before[2] or '{}'))
  redis.call('PEXPIRE', counting .. ':was', HELD_MS)
end
