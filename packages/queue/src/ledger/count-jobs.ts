import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { QueueKeys } from '../keys/keys.js';

/** What one moment of a destination holds. */
export type JobCount = {
  /** The ledger and, where they are asked for, the hours, as Redis gives hashes: field, count, … */
  ledger: string[];
  hours: string[];
  /** Dead letters in their stream. */
  letters: number;
  jobs: JobsByState;
  /** Deliveries in all jobs. */
  inFlight: number;
  /** When the oldest job was added, epoch milliseconds; null where there is none. */
  oldestJobAt: number | null;
  /** Jobs by the text of their cells: most say the same. */
  cells: Map<string, number>;
};

/** Jobs that wait to be taken, are in hand, or are put back for later. */
export type JobsByState = { waiting: number; active: number; delayed: number; failed: number };

/** So many jobs are counted without letting others in between: about 3 ms of Redis. */
const AT_ONCE = 1_000;
/** A count that nobody goes on with is over after so long. */
const HELD_MS = 10_000;
/** How often is asked whether another's count is over. */
const TURN_MS = 50;

/** Where BullMQ keeps the ids of its jobs, and what that says of them. */
const PARTS: [part: string, kind: 'list' | 'set', state: keyof JobsByState][] = [
  ['wait', 'list', 'waiting'],
  ['active', 'list', 'active'],
  ['paused', 'list', 'waiting'],
  ['prioritized', 'set', 'waiting'],
  ['delayed', 'set', 'delayed'],
  ['failed', 'set', 'failed'],
];

/** Lua: adds up jobs by their ids; `was` is the hash of those that were settled since the count began. */
const COUNT = `
local function count(prefix, ids, was)
  local inFlight, oldest, cells = 0, -1, {}
  local anyWas = was and redis.call('EXISTS', was) == 1
  for _, id in ipairs(ids) do
    local job = redis.call('HMGET', prefix .. id, 'n', 'cells', 'timestamp')
    local n, text = job[1], job[2]
    local before = anyWas and redis.call('HGET', was, prefix .. id)
    if before then n, text = string.match(before, '^(%d+) (.*)$') end
    inFlight = inFlight + tonumber(n or 0)
    text = text or '{}'
    cells[text] = (cells[text] or 0) + 1
    local at = tonumber(job[3] or -1)
    if at >= 0 and (oldest < 0 or at < oldest) then oldest = at end
  end
  local flat = {}
  for text, jobs in pairs(cells) do
    flat[#flat + 1] = text
    flat[#flat + 1] = jobs
  end
  return { inFlight, oldest, flat }
end
local function idsOf(kind, key, from, to)
  return redis.call(kind == 'list' and 'LRANGE' or 'ZRANGE', key, from, to)
end
`;

/**
 * Looks at everything at once, and counts the jobs where they are few. Where they are many it keeps their ids
 * as they are now, and from now on a settlement keeps what it changes (`KEEP_BEFORE`): so the jobs can be
 * counted in portions, and the sum is still of this one moment. One such count at a time.
 */
const BEGIN = `${COUNT}
local parts = cjson.decode(ARGV[4])
local lengths, total = {}, 0
for i, part in ipairs(parts) do
  lengths[i] = redis.call(part[2] == 'list' and 'LLEN' or 'ZCARD', ARGV[1] .. part[1])
  total = total + lengths[i]
end
local look = {
  redis.call('HGETALL', KEYS[1]), ARGV[6] == '1' and redis.call('HGETALL', KEYS[2]) or {},
  redis.call('XLEN', KEYS[3]), lengths,
}
if total <= tonumber(ARGV[3]) then
  local ids = {}
  for _, part in ipairs(parts) do
    for _, id in ipairs(idsOf(part[2], ARGV[1] .. part[1], 0, -1)) do ids[#ids + 1] = id end
  end
  return { 'counted', look, count(ARGV[1], ids) }
end
if (redis.call('GET', KEYS[4]) or ARGV[2]) ~= ARGV[2] then return { 'busy' } end
redis.call('SET', KEYS[4], ARGV[2], 'PX', ARGV[5])
redis.call('DEL', KEYS[4] .. ':was')
for i, part in ipairs(parts) do
  local copy = KEYS[4] .. ':' .. part[1]
  redis.call('DEL', copy)
  if lengths[i] > 0 then
    redis.call('COPY', ARGV[1] .. part[1], copy)
    redis.call('PEXPIRE', copy, ARGV[5])
  end
end
return { 'begun', look }
`;

/** A portion of the ids that were kept. */
const PORTION = `${COUNT}
if redis.call('GET', KEYS[1]) ~= ARGV[2] then return false end
redis.call('PEXPIRE', KEYS[1], ARGV[6])
redis.call('PEXPIRE', KEYS[1] .. ':was', ARGV[6])
for _, part in ipairs(cjson.decode(ARGV[7])) do redis.call('PEXPIRE', KEYS[1] .. ':' .. part[1], ARGV[6]) end
return count(ARGV[1], idsOf(ARGV[3], KEYS[2], ARGV[4], ARGV[5]), KEYS[1] .. ':was')
`;

const END = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return end
redis.call('DEL', KEYS[1], KEYS[1] .. ':was')
for _, part in ipairs(cjson.decode(ARGV[2])) do redis.call('DEL', KEYS[1] .. ':' .. part[1]) end
`;

/**
 * Lua, for a script that changes the job KEYS[1]: keeps what it was when a count began. `KEYS[5]` is
 * `keys.counting`.
 */
export const KEEP_BEFORE = `
if redis.call('EXISTS', KEYS[5]) == 1 then
  local before = redis.call('HMGET', KEYS[1], 'n', 'cells')
  redis.call('HSETNX', KEYS[5] .. ':was', KEYS[1], (before[1] or 0) .. ' ' .. (before[2] or '{}'))
  redis.call('PEXPIRE', KEYS[5] .. ':was', ${HELD_MS})
end
`;

type Counted = [inFlight: number, oldest: number, cells: (string | number)[]];
type Look = [ledger: string[], hours: string[], letters: number, lengths: number[]];

/**
 * Counts a destination's jobs, together with all that is written of it, as they are at one moment, so that every
 * sum holds under load too. However many there are, nobody else waits for Redis longer than some milliseconds.
 */
export async function countJobs(
  keys: QueueKeys,
  redis: Redis,
  { withHours }: { withHours: boolean },
): Promise<JobCount> {
  for (;;) {
    const token = randomUUID();
    const [state, look, counted] = await begin(keys, redis, token, withHours);
    if (state === 'counted') return add(look, [counted]);
    if (state === 'busy') {
      await sleep(TURN_MS);
      continue;
    }
    try {
      const portions = await countPortions(keys, redis, token, look);
      if (portions) return add(look, portions);
    } finally {
      await redis.eval(END, 1, keys.counting, token, JSON.stringify(PARTS)).catch(() => {});
    }
  }
}

type Begun = ['counted', Look, Counted] | ['begun', Look, undefined] | ['busy', Look, undefined];

async function begin(keys: QueueKeys, redis: Redis, token: string, withHours: boolean): Promise<Begun> {
  const { ledger, hours, deadLetters, counting } = keys;
  const run = async (atOnce: number) => {
    const given = [keys.bull(''), token, atOnce, JSON.stringify(PARTS), HELD_MS, withHours ? 1 : 0];
    return (await redis.eval(BEGIN, 4, ledger, hours, deadLetters, counting, ...given)) as Begun;
  };
  try {
    return await run(AT_ONCE);
  } catch (error) {
    // Redis is full and keeps no ids. Nothing else moves then, either.
    if (error instanceof Error && /\bOOM\b/.test(error.message)) return run(Number.MAX_SAFE_INTEGER);
    throw error;
  }
}

/** Null where the count was lost: Redis was away, or this process stood still, for longer than it is held. */
async function countPortions(
  keys: QueueKeys,
  redis: Redis,
  token: string,
  [, , , lengths]: Look,
): Promise<Counted[] | null> {
  const portions: Counted[] = [];
  for (const [index, [part, kind]] of PARTS.entries()) {
    for (let from = 0; from < lengths[index]!; from += AT_ONCE) {
      const began = performance.now();
      const portion = (await redis.eval(
        PORTION,
        2,
        keys.counting,
        `${keys.counting}:${part}`,
        keys.bull(''),
        token,
        kind,
        from,
        from + AT_ONCE - 1,
        HELD_MS,
        JSON.stringify(PARTS),
      )) as Counted | null;
      if (!portion) return null;
      portions.push(portion);
      // Half of the time is everybody else's.
      await sleep(performance.now() - began);
    }
  }
  return portions;
}

function add([ledger, hours, letters, lengths]: Look, portions: Counted[]): JobCount {
  const jobs: JobsByState = { waiting: 0, active: 0, delayed: 0, failed: 0 };
  for (const [index, [, , state]] of PARTS.entries()) jobs[state] += lengths[index]!;
  const cells = new Map<string, number>();
  for (const [, , flat] of portions) {
    for (let i = 0; i < flat.length; i += 2) {
      const text = flat[i] as string;
      cells.set(text, (cells.get(text) ?? 0) + (flat[i + 1] as number));
    }
  }
  const times = portions.map(([, oldest]) => oldest).filter((at) => at >= 0);
  return {
    ledger,
    hours,
    letters,
    jobs,
    inFlight: portions.reduce((sum, [inFlight]) => sum + inFlight, 0),
    oldestJobAt: times.length === 0 ? null : Math.min(...times),
    cells,
  };
}
