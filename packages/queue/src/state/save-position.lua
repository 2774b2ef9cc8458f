-- Saves a position where the one before is still there. It says no where Redis went back to older data, or another
-- process reads the same: what was committed in between may be gone.
--
-- KEYS
--   positions: hash, by file
-- ARGV
--   file: its field
--   before: what was saved or read last; empty for nothing
--   position: to be saved
--   keptSeconds: until the whole hash is forgotten
-- RESULT 1 where it is saved, else 0
local kept = redis.call('HGET', positions, file) or ''
if kept ~= position then
  if kept ~= before then return 0 end
  redis.call('HSET', positions, file, position)
end
redis.call('EXPIRE', positions, keptSeconds)
return 1
