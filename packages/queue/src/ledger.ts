import type { Redis } from 'ioredis';
import { queueKeys } from './keys.js';

/**
 * What became of everything a destination was given, counted in deliveries, a filtered event as one.
 * Always: accepted = delivered + duplicate + filtered + dead + inFlight.
 */
export type Account = {
  destination: string;
  accepted: number;
  delivered: number;
  duplicate: number;
  filtered: number;
  dead: number;
  /** Counted from the jobs themselves and not as a difference: a lost job shows. */
  inFlight: number;
  /** accepted minus all the others; anything but zero is a bug or a loss. */
  difference: number;
  deadByReason: Record<string, number>;
  /** Jobs that wait to be taken, are in hand, or are put back for later. */
  jobs: { waiting: number; active: number; delayed: number; failed: number };
  /** When the oldest job in flight was added, epoch milliseconds; null when nothing is in flight. */
  oldestJobAt: number | null;
};

/** Ledger and jobs in one look, so that the sum holds under load too. About 1 µs a job. */
const ACCOUNT = `
local prefix = ARGV[1]
local lists = { wait = 'waiting', active = 'active', paused = 'waiting' }
local sets = { delayed = 'delayed', prioritized = 'waiting', failed = 'failed' }
local found = { waiting = 0, active = 0, delayed = 0, failed = 0 }
local inFlight = 0
local oldest = -1
local function add(ids, state)
  for _, id in ipairs(ids) do
    local job = redis.call('HMGET', prefix .. id, 'n', 'timestamp')
    if job[2] then
      found[state] = found[state] + 1
      inFlight = inFlight + tonumber(job[1] or 0)
      local at = tonumber(job[2])
      if oldest < 0 or at < oldest then oldest = at end
    end
  end
end
for key, state in pairs(lists) do add(redis.call('LRANGE', prefix .. key, 0, -1), state) end
for key, state in pairs(sets) do add(redis.call('ZRANGE', prefix .. key, 0, -1), state) end
return { redis.call('HGETALL', KEYS[1]), inFlight, found.waiting, found.active, found.delayed, found.failed, oldest }
`;

export async function readAccount(destination: string, redis: Redis): Promise<Account> {
  const keys = queueKeys(destination);
  const [ledger, inFlight, waiting, active, delayed, failed, oldest] = (await redis.eval(
    ACCOUNT,
    1,
    keys.ledger,
    keys.bull(''),
  )) as [string[], number, number, number, number, number, number];
  const counts: Record<string, number> = {};
  const deadByReason: Record<string, number> = {};
  for (let i = 0; i < ledger.length; i += 2) {
    const field = ledger[i]!;
    const count = Number(ledger[i + 1]);
    if (!field.startsWith('dead:')) counts[field] = count;
    else if (count !== 0) deadByReason[field.slice('dead:'.length)] = count;
  }
  const { accepted = 0, delivered = 0, duplicate = 0, filtered = 0, dead = 0 } = counts;
  return {
    destination,
    accepted,
    delivered,
    duplicate,
    filtered,
    dead,
    inFlight,
    difference: accepted - delivered - duplicate - filtered - dead - inFlight,
    deadByReason,
    jobs: { waiting, active, delayed, failed },
    oldestJobAt: oldest < 0 ? null : oldest,
  };
}
