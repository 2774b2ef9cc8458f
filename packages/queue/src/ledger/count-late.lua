-- Adds up late usage by name: `n/<name>` has deliveries, `w/<name>` and `f/<name>` the whole and the billionths of their sum. A name is a month, an
-- owner and a kind as JSON; from so many on, new ones are counted as the month's other. The script names `lateUsage`.
local KEPT_FIELDS = 300
local KEPT_SECONDS = 90 * 86400

local function countLate(late)
  for _, each in ipairs(late) do
    local isKept = redis.call('HEXISTS', lateUsage, 'n/' .. each.name) == 1 or redis.call('HLEN', lateUsage) < KEPT_FIELDS
    if isKept then
      redis.call('HINCRBY', lateUsage, 'n/' .. each.name, each.deliveries)
      for part, quantity in ipairs(each.quantity) do redis.call('HINCRBY', lateUsage, (part == 1 and 'w/' or 'f/') .. each.name, quantity) end
    else
      redis.call('HINCRBY', lateUsage, 'n/' .. each.other, each.deliveries)
    end
  end
  if #late > 0 then redis.call('EXPIRE', lateUsage, KEPT_SECONDS) end
end
