-- Reads the books of a shard and the lengths of its queue. The oldest job is looked for where it nearly always is: in
-- hand, where jobs are taken from next, and among those that are put back. One that was put back before and waits
-- behind others again may be older.
--
-- KEYS
--   ledger: hash
--   deadLetters: stream
-- ARGV
--   prefix: of the queue's keys
-- RESULT the ledger, dead letters, jobs waiting, active, delayed and failed, when the oldest was added or -1
local function length(part, command) return redis.call(command, prefix .. part) end
local oldest = -1
local function look(command, part, from, to)
  for _, id in ipairs(redis.call(command, prefix .. part, from, to)) do
    local at = tonumber(redis.call('HGET', prefix .. id, 'timestamp') or -1)
    if at >= 0 and (oldest < 0 or at < oldest) then oldest = at end
  end
end
look('LRANGE', 'wait', -20, -1)
look('LRANGE', 'active', 0, 199)
look('ZRANGE', 'prioritized', 0, 19)
look('ZRANGE', 'delayed', 0, 99)
look('ZRANGE', 'delayed', -100, -1)
return {
  redis.call('HGETALL', ledger), redis.call('XLEN', deadLetters),
  length('wait', 'LLEN') + length('paused', 'LLEN') + length('prioritized', 'ZCARD'),
  length('active', 'LLEN'), length('delayed', 'ZCARD'), length('failed', 'ZCARD'), oldest,
}
