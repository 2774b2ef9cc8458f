import type { Redis } from 'ioredis';
import { limiterName, startsKey } from './start-log.js';

/** Requests that have started within the last second over all processes; changes nothing. */
export async function countStarts(id: string, redis: Redis): Promise<number> {
  const results = await redis
    .multi()
    .time()
    .lrange(startsKey(limiterName(id)), 0, -1)
    .exec();
  const [time, starts] = (results ?? []).map(([, result]) => result) as [(number | string)[], string[]];
  const now = Number(time[0]) * 1_000 + Number(time[1]) / 1_000;
  return starts.filter((start) => Number(start) <= now && Number(start) > now - 1_000).length;
}
