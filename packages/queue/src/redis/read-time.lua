-- Reads the clock of the one server that has a key.
--
-- KEYS
--   name: any key of that server
-- ARGV
-- RESULT seconds since 1970, and microseconds
return redis.call('TIME')
