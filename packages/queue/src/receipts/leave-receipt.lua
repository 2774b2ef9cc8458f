-- Leaves the archive what it needs of the deliveries that a settlement ends. The script names the keys `job`, `receipts`,
-- `receiptBytes`, `receiptGaps` and `receiptJob`, and the arguments `receipt`, `part`, `receiptLimit`, `from` and `to`.

-- Of an entry in its stream beside its texts, and of a hash: about.
local ENTRY_BYTES = 150
local HASH_BYTES = 700

-- What ended has no receipt: that is written down, by bucket, with the span of the events' times.
local function leaveGap(ended)
  for _, counter in ipairs({ 'delivered', 'duplicate' }) do
    for bucket, deliveries in pairs(ended[counter] or {}) do
      redis.call('HINCRBY', receiptGaps, bucket .. '/deliveries', deliveries)
      local first, last = redis.call('HGET', receiptGaps, bucket .. '/from'), redis.call('HGET', receiptGaps, bucket .. '/to')
      if from ~= '' and (not first or from < first) then redis.call('HSET', receiptGaps, bucket .. '/from', from) end
      if to ~= '' and (not last or to > last) then redis.call('HSET', receiptGaps, bucket .. '/to', to) end
    end
  end
end

-- @param ended: what the settlement counts, by counter and bucket
local function leaveReceipt(ended)
  local isPart = part ~= ''
  local bytes = ENTRY_BYTES + #receipt + (isPart and #part or HASH_BYTES + redis.call('HSTRLEN', job, 'data'))
  if tonumber(redis.call('GET', receiptBytes) or 0) + bytes > tonumber(receiptLimit) then return leaveGap(ended) end
  redis.call('INCRBY', receiptBytes, bytes)
  if isPart then
    redis.call('XADD', receipts, '*', 'settled', receipt, 'bytes', bytes, 'part', part)
  else
    redis.call('COPY', job, receiptJob)
    redis.call('XADD', receipts, '*', 'settled', receipt, 'bytes', bytes, 'job', receiptJob)
  end
end
