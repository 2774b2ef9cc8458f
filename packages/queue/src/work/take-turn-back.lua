-- Counts a turn at a job as none; nothing happens where the job is in another hand.
--
-- KEYS
--   job: hash, the batch job
--   lock: string, the token of the hand that has it
-- ARGV
--   token: of this hand
--   turn: which it is, from 1
-- RESULT 1 where it is taken back, else 0
if redis.call('GET', lock) ~= token or redis.call('HGET', job, 'ats') ~= turn then return 0 end
redis.call('HSET', job, 'ats', turn - 1)
return 1
