-- Counts batches as accepted, but only those that the same transaction did add.
--
-- KEYS
--   ledger: hash
--   hours: hash
--   ...jobs: hash each, of the batches
-- ARGV
--   filtered: events that no rule takes
--   filteredCells: JSON, the same by cell
--   ...batches: of each its deliveries and, as JSON, the same by cell
-- RESULT nothing
local accepted = 0
local byCell = {}
local function accept(count, cells)
  accepted = accepted + count
  for cell, each in pairs(cells) do byCell[cell] = (byCell[cell] or 0) + each end
end
if filtered ~= '0' then
  local cells = cjson.decode(filteredCells)
  accept(filtered, cells)
  redis.call('HINCRBY', ledger, 'filtered', filtered)
  for cell, each in pairs(cells) do redis.call('HINCRBY', hours, cell .. '/filtered', each) end
end
for i, job in ipairs(jobs) do
  if redis.call('EXISTS', job) == 1 then
    local count, cells = batches[2 * i - 1], batches[2 * i]
    redis.call('HSET', job, 'n', count, 'cells', cells)
    accept(count, cjson.decode(cells))
  end
end
redis.call('HINCRBY', ledger, 'accepted', accepted)
for cell, count in pairs(byCell) do redis.call('HINCRBY', hours, cell .. '/accepted', count) end
