import type { Redis } from 'ioredis';
import { queueKeys, RECEIVER } from '../keys/keys.js';
import { knownShards } from '../state/shards.js';

/** Longer than a bill of a month is disputed; about 300 bytes an hour, source and destination (measured). */
const KEPT_DAYS = 90;
const LOOK_EVERY_MS = 3_600_000;

/**
 * Forgets cells that are older than so many hours, by Redis' own clock, and in which nothing is open: all was
 * delivered, a duplicate, filtered or discarded. What holds dead letters lives as long as they do; a difference
 * stays. The totals keep what is forgotten here.
 */
const FORGET = `
local oldest = math.floor(redis.call('TIME')[1] / 3600) - ARGV[1]
local old = {}
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local hour, source, count = string.match(all[i], '^(%d+)/(.*)/(%a+)$')
  if tonumber(hour) < oldest then
    local cell = hour .. '/' .. source
    old[cell] = old[cell] or { accepted = 0, delivered = 0, duplicate = 0, filtered = 0, dead = 0, discarded = 0 }
    old[cell][count] = tonumber(all[i + 1])
  end
end
local forgotten = 0
for cell, counts in pairs(old) do
  local settled = counts.delivered + counts.duplicate + counts.filtered + counts.discarded
  if counts.dead == 0 and counts.accepted == settled then
    for count in pairs(counts) do redis.call('HDEL', KEYS[1], cell .. '/' .. count) end
    forgotten = forgotten + 1
  end
end
return forgotten
`;

/** @returns how many hours of a source were forgotten */
export async function forgetSettledHours(shard: string, redis: Redis): Promise<number> {
  return (await redis.eval(FORGET, 1, queueKeys(shard).hours, KEPT_DAYS * 24)) as number;
}

/**
 * Looks now and every hour, at every shard of every destination there ever was. Each worker does it: a second look finds
 * nothing. While Redis is away or full there is nothing to be said; the next look comes.
 */
export function startHourRetention(redis: Redis): { stop(): void } {
  const look = async () => {
    for (const name of [...(await knownShards(redis)), RECEIVER]) await forgetSettledHours(name, redis);
  };
  const timer = setInterval(() => void look().catch(() => {}), LOOK_EVERY_MS);
  timer.unref();
  look().catch(() => {});
  return { stop: () => clearInterval(timer) };
}
