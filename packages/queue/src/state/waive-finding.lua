-- Lets a finding stand, by somebody's word. Said again, the later word is kept.
--
-- KEYS
--   findings: hash of JSON, by id
--   open: hash of counts, by kind
-- ARGV
--   id: of the finding
--   waived: JSON, who, why and when
-- RESULT 1 where it is kept, 0 where there is no such finding
local kept = redis.call('HGET', findings, id)
if not kept then return 0 end
local finding = cjson.decode(kept)
if not finding.waived then redis.call('HINCRBY', open, finding.kind, -(finding.more or 1)) end
finding.waived = cjson.decode(waived)
redis.call('HSET', findings, id, cjson.encode(finding))
return 1
