import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';

/** So many requests may start in any such time, over all processes. */
export type StartLimit = { starts: number; windowMs: number };

/**
 * By so much the window is longer than it has to be: 1.5 % of a second, which the account's budget pays for
 * never being exceeded. Redis' word is used within `LATE_MS`; the rest is for a machine that is busy at just
 * that moment.
 */
const ROOM_MS = 15;
const LATE_MS = 10;

/** More than bottleneck hands out in a second (2,700, measured): the list need not be longer. */
const MOST_STARTS = 5_000;

/** What everything in Redis of one account's limiter is called by; a Redis Cluster keeps it in one place. */
export function limiterName(id: string): string {
  return `meterbridge:{${id}}`;
}

/** The list of the latest starts, epoch milliseconds by Redis' clock. */
export function startsKey(limiter: string): string {
  return `b_${limiter}_starts`;
}

/** What each process is allowed, by its own configuration: hash, of a process to its limit and when it last said so. */
function limitsKey(limiter: string): string {
  return `b_${limiter}_limits`;
}

/** How often a process says its limit where it starts nothing. */
export const SAY_LIMIT_EVERY_MS = 5_000;
/** The limit of a process that is silent for longer holds no other back: three times that. */
const SILENT_MS = 3 * SAY_LIMIT_EVERY_MS;

/** A second's starts, or the time of a single one where it is less than one a second. */
export function startLimit(requestsPerSecond: number): StartLimit {
  const starts = Math.max(1, Math.min(Math.floor(requestsPerSecond), MOST_STARTS));
  return { starts, windowMs: (starts * 1_000) / requestsPerSecond + ROOM_MS };
}

/**
 * Says what this process is allowed, and finds the lowest limit of all processes: while a configuration is rolled out
 * they differ, and an API that allows less by now must not get what was allowed before.
 */
const LOWEST_LIMIT = `
local starts, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
redis.call('HSET', said, ARGV[3], string.format('%.0f', now) .. ' ' .. ARGV[1] .. ' ' .. ARGV[2])
local limits = redis.call('HGETALL', said)
for i = 1, #limits, 2 do
  local at, itsStarts, itsWindow = string.match(limits[i + 1], '^(%S+) (%S+) (%S+)$')
  if math.abs(now - at) > ${SILENT_MS} then redis.call('HDEL', said, limits[i])
  elseif itsStarts / itsWindow < starts / window then
    starts, window = tonumber(itsStarts), tonumber(itsWindow)
  end
end
`;

/**
 * The list holds the latest starts, by Redis' clock. Where it is missing, or written by a clock far ahead, Redis was
 * flushed or is another one after a failover: the window counts as used up, and fills again evenly. The same on a new
 * Redis, which looks no different.
 */
const KNOWN_STARTS = `
local newest = tonumber(redis.call('LINDEX', key, -1))
if not newest or newest > now + 2 * window then
  redis.call('DEL', key)
  for i = 0, starts - 1 do redis.call('RPUSH', key, now + i * window / starts) end
end
`;

/** Begins the list of starts as well where there is none: its first window passes before anything is to be sent. */
const SAY_LIMIT = `
local said, key = KEYS[1], KEYS[2]
${LOWEST_LIMIT}
${KNOWN_STARTS}
return {starts, tostring(window)}
`;

/** Notes a start and answers with its time, or says in how many milliseconds to ask again. */
const START = `
local key, said = KEYS[1], KEYS[2]
${LOWEST_LIMIT}
local unused = ARGV[4]
if unused ~= '' then redis.call('LREM', key, -1, unused) end
${KNOWN_STARTS}
redis.call('LTRIM', key, -starts, -1)
if redis.call('LLEN', key) == starts then
  local wait = redis.call('LINDEX', key, 0) + window - now
  if wait > 0 then return {math.ceil(wait), ''} end
end
local start = string.format('%.3f', now)
redis.call('RPUSH', key, start)
return {0, start}
`;

export type StartLog = ReturnType<typeof createStartLog>;

/**
 * The last word before a request starts: bottleneck's turns are taken ahead, and come too close together
 * once a process was frozen, or Redis has lost what it knew.
 */
export function createStartLog(redis: Redis, limiter: string, { starts, windowMs }: StartLimit) {
  const [startsAt, limitsAt] = [startsKey(limiter), limitsKey(limiter)];
  const id = randomUUID();
  /** The quickest answer of the last hundred or so. */
  let quickMs = 0;

  /** Resolves at the moment to start. Rejects when Redis refuses. */
  async function awaitStart(): Promise<void> {
    let unused = '';
    for (;;) {
      const askedAt = performance.now();
      const answer = await redis.eval(START, 2, startsAt, limitsAt, starts, windowMs, id, unused);
      const tookMs = performance.now() - askedAt;
      const [waitMs, start] = answer as [number, string];
      // This process stood still, or Redis did: by now others may have started instead. Where no answer is
      // quick any more, Redis is further away, and all starts are delayed alike.
      const isLate = tookMs > Math.max(LATE_MS, 2 * quickMs);
      quickMs = Math.min(tookMs, quickMs * 1.02 + 0.02);
      if (start !== '' && !isLate) return;
      unused = start;
      if (start === '') await sleep(waitMs);
    }
  }

  return {
    awaitStart,
    /**
     * Says that this process is there with its limit, and has Redis count starts from now on. Rejects as Redis does.
     * @returns what all are held to
     */
    async sayLimit(): Promise<StartLimit> {
      const answer = await redis.eval(SAY_LIMIT, 2, limitsAt, startsAt, starts, windowMs, id);
      const [lowest, window] = answer as [number, string];
      return { starts: lowest, windowMs: Number(window) };
    },
    /** Takes back what this process has said: it holds no other back. */
    async leave(): Promise<void> {
      await redis.hdel(limitsAt, id);
    },
  };
}
