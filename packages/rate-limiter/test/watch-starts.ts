import type { Redis } from 'ioredis';
import { limiterName, startsKey } from '../src/start-log.js';

/**
 * Reads along every start that limiters are granted from now on, and that they use: milliseconds of Redis' clock, whenever
 * a busy machine lets the request leave or arrive.
 * @returns gives those of one limiter
 */
export async function watchStarts(redis: Redis): Promise<(id: string) => readonly number[]> {
  const logs = new Map<string, number[]>();
  let isTrimmed = false;
  const monitor = await redis.monitor();
  monitor.on('error', () => {});
  monitor.on('monitor', (_at: string, [command, key, ...given]: string[]) => {
    if (!key?.endsWith('_starts')) return;
    const starts = logs.get(key) ?? [];
    logs.set(key, starts);
    if (command === 'LREM') takeOut(starts, Number(given[1]));
    // A log that was lost is filled anew, and only then trimmed: those are no starts.
    if (command === 'RPUSH' && isTrimmed) starts.push(Number(given[0]));
    if (command === 'LTRIM' || command === 'RPUSH') isTrimmed = command === 'LTRIM';
  });
  redis.once('end', () => monitor.disconnect());
  return (id) => logs.get(startsKey(limiterName(id))) ?? [];
}

function takeOut(starts: number[], unused: number): void {
  const at = starts.lastIndexOf(unused);
  if (at >= 0) starts.splice(at, 1);
}
