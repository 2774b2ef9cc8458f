-- Counts batches as accepted, but only those that the same transaction did add. It takes no count down, so nothing is
-- checked.
--
-- KEYS
--   ledger: hash
--   hours: hash
--   receipts: stream, what is left for the archive
--   receiptBytes: string, bytes of it
--   receiptGaps: hash, what it has no room for
--   ...jobs: hash each, of the batches
-- ARGV
--   filtered: JSON, events that no rule takes, by bucket
--   names: JSON, the filtered ones by bucket and name; empty where no receipts are kept
--   receiptLimit: bytes of receipts that may wait
--   ...batches: of each its deliveries and, as JSON, the same by bucket
-- RESULT nothing
-- @include ../ledger/book.lua
-- Of an entry in its stream beside its text: about.
local ENTRY_BYTES = 100
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
if names ~= '' then
  local bytes = ENTRY_BYTES + #names
  if tonumber(redis.call('GET', receiptBytes) or 0) + bytes > tonumber(receiptLimit) then
    for bucket, events in pairs(cjson.decode(filtered)) do redis.call('HINCRBY', receiptGaps, bucket .. '/filtered', events) end
  else
    redis.call('INCRBY', receiptBytes, bytes)
    redis.call('XADD', receipts, '*', 'filtered', names, 'bytes', bytes)
  end
end
