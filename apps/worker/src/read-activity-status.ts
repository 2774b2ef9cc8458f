import type { Config } from '@meterbridge/config';
import { readActivity } from '@meterbridge/operations';
import type { ActivityStatus } from '@meterbridge/telemetry';
import type { Redis } from 'ioredis';

/** What metrics tell of rules and names, read at each scrape. @param now epoch milliseconds. Rejects as Redis does. */
export async function readActivityStatus(config: Config, redis: Redis, now: number): Promise<ActivityStatus> {
  const { rules, untaken } = await readActivity(config, redis, now);
  return {
    rules: rules.map(({ destination, rule, state, taken, lastTakenAt }) => ({
      destination,
      rule,
      isSilent: state === 'silent',
      taken,
      lastTakenAt,
    })),
    names: untaken.map(({ source, count }) => ({ source, untaken: count })),
  };
}
