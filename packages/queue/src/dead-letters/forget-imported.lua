-- Forgets where imported letters lay that have left since.
--
-- KEYS
--   deadLetters: stream
--   imported: hash, from the stream id of a letter's death to the one it has
-- ARGV
--   ...ids: of each letter both ids
-- RESULT how many were forgotten
local gone = 0
for i = 1, #ids, 2 do
  if #redis.call('XRANGE', deadLetters, ids[i + 1], ids[i + 1]) == 0 then
    gone = gone + redis.call('HDEL', imported, ids[i])
  end
end
return gone
