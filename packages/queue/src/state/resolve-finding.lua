-- Takes a finding from those of a destination and puts it among the resolved ones.
--
-- KEYS
--   findings: hash of JSON, by id
--   open: hash of counts, by kind
--   resolved: list of JSON, the newest first
-- ARGV
--   id: of the finding
--   word: JSON, who and when
--   max: of resolved ones that are kept
-- RESULT 1 where it is resolved now, 0 where there is no such finding
local kept = redis.call('HGET', findings, id)
if not kept then return 0 end
local finding = cjson.decode(kept)
if not finding.waived then redis.call('HINCRBY', open, finding.kind, -(finding.more or 1)) end
finding.resolved = cjson.decode(word)
redis.call('LPUSH', resolved, cjson.encode(finding))
redis.call('LTRIM', resolved, 0, max - 1)
redis.call('HDEL', findings, id)
return 1
