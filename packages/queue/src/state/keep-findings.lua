-- Keeps findings of a destination. One that is kept already only has its last sight changed; what there is no room for
-- is counted, as one finding of its kind. A part of a report that was kept before changes nothing; it is written once
-- more, so that a wait behind it is about its findings, too.
--
-- KEYS
--   findings: hash of JSON, by id
--   open: hash of counts, by kind
--   report: string, this part of a report
-- ARGV
--   reportMs: for how long a report is known again
--   max: of findings that are kept
--   moreDetail: what a finding says that stands for those without room
--   ...given: of each its id, its kind, and its JSON, an object without times
-- RESULT how many are new, and how many of those had no room
local isKnown = redis.call('EXISTS', report) == 1
redis.call('SET', report, '1', 'PX', reportMs)
if isKnown then return { 0, 0 } end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local count = redis.call('HLEN', findings)
local added, more = 0, 0
local function keepMore(kind)
  local id = 'more-' .. kind
  local kept = redis.call('HGET', findings, id)
  local finding = kept and cjson.decode(kept) or { id = id, kind = kind, usageId = '', at = now, detail = moreDetail, more = 0 }
  -- Somebody's word was about fewer.
  if finding.waived then redis.call('HINCRBY', open, kind, finding.more) end
  finding.waived = nil
  finding.more = finding.more + 1
  finding.seen = now
  redis.call('HSET', findings, id, cjson.encode(finding))
end
local times = string.format(',"at":%.0f,"seen":%.0f}', now, now)
for i = 1, #given, 3 do
  local id, kind, text = given[i], given[i + 1], given[i + 2]
  local kept = redis.call('HGET', findings, id)
  if kept then
    local finding = cjson.decode(kept)
    finding.seen = now
    redis.call('HSET', findings, id, cjson.encode(finding))
  else
    added = added + 1
    redis.call('HINCRBY', open, kind, 1)
    if count < tonumber(max) then
      count = count + 1
      -- Nothing is read that need not be: a report may have tens of thousands.
      redis.call('HSET', findings, id, string.sub(text, 1, -2) .. times)
    else
      more = more + 1
      keepMore(kind)
    end
  end
end
return { added, more }
