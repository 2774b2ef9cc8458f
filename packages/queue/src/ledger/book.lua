-- The only author of the books, for every script that moves a count: `ledger` has the totals, and `hours` the same by
-- hour of acceptance and source, its bucket. A script books all of its moves, has them checked, and only then writes
-- anything, since what a script has written is not taken back. The script names the keys `ledger` and `hours`.
local moves = { [ledger] = {}, [hours] = {} }

local function move(key, field, by)
  moves[key][field] = (moves[key][field] or 0) + by
end

-- Moves a count by so many deliveries, in the totals and in their bucket.
local function book(counter, bucket, by)
  move(ledger, counter, by)
  move(hours, bucket .. '/' .. counter, by)
end

-- The same of dead letters, which the totals have by reason as well.
local function bookDead(reason, bucket, by)
  book('dead', bucket, by)
  move(ledger, 'dead:' .. reason, by)
end

-- What a field of `ledger` or `hours` has, with what is booked by now.
local function bookedField(key, field)
  return tonumber(redis.call('HGET', key, field) or 0) + (moves[key][field] or 0)
end

-- The same of a count of a bucket.
local function booked(counter, bucket)
  return bookedField(hours, bucket .. '/' .. counter)
end

local function refuse(why)
  return redis.error_reply('BOOKS ' .. why)
end

-- A refusal where a count would fall below zero, for the script to return; nil where all is well.
local function checkBooks()
  for key, fields in pairs(moves) do
    for field, by in pairs(fields) do
      local kept = by < 0 and tonumber(redis.call('HGET', key, field) or 0)
      if kept and kept + by < 0 then return refuse(key .. ' has ' .. kept .. ' as ' .. field .. ', and ' .. -by .. ' would leave') end
    end
  end
end

local function writeBooks()
  for key, fields in pairs(moves) do
    for field, by in pairs(fields) do
      if by ~= 0 then redis.call('HINCRBY', key, field, by) end
    end
  end
end

-- A write that changes nothing: a wait for replicas behind it is about what was written before.
local function touchBooks()
  redis.call('HINCRBY', ledger, 'dead', 0)
end
