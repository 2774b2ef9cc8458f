-- Counts batches as accepted, but only those that the same transaction did add. It takes no count down, so nothing is
-- checked.
--
-- KEYS
--   ledger: hash
--   hours: hash
--   ...jobs: hash each, of the batches
-- ARGV
--   filtered: JSON, events that no rule takes, by bucket
--   ...batches: of each its deliveries and, as JSON, the same by bucket
-- RESULT nothing
-- @include ../ledger/book.lua
for bucket, events in pairs(cjson.decode(filtered)) do
  book('accepted', bucket, events)
  book('filtered', bucket, events)
end
for i, job in ipairs(jobs) do
  if redis.call('EXISTS', job) == 1 then
    local n, cells = batches[2 * i - 1], batches[2 * i]
    redis.call('HSET', job, 'n', n, 'cells', cells)
    for bucket, deliveries in pairs(cjson.decode(cells)) do book('accepted', bucket, deliveries) end
  end
end
writeBooks()
