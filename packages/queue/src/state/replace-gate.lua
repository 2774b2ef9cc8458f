-- Replaces the gate only where nobody else has in the meantime. No two texts are the same: a command that a reconnect
-- sent twice knows what it wrote itself, and a probe that was claimed is not taken for another's.
--
-- KEYS
--   gate: string
-- ARGV
--   seen: the text that was read
--   text: the new one
-- RESULT 1 where the new text is kept, else 0
local kept = redis.call('GET', gate) or ''
if kept == text then return 1 end
if kept ~= seen then return 0 end
redis.call('SET', gate, text)
return 1
