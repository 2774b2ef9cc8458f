import { type DestinationSettings, type DestinationType, rulesOfVersion } from '@meterbridge/destinations';
import { createStoreClock, type ProcessEntry, readProcesses, readRules } from '@meterbridge/queue';
import type { Redis } from 'ioredis';
import { openRedis } from './connect.js';
import { type Operations, type RunningSystem, readSystem, type SettingsInForce } from './open.js';

/**
 * Opens a system by what its processes say is in force: for looking and holding, where the file cannot be used.
 * @returns null where no process runs that says so
 * @throws OperationError as `openRedis`
 */
export async function openRunning(
  url: string,
  { actor, scrub }: Pick<Operations, 'actor' | 'scrub'>,
): Promise<RunningSystem | null> {
  const redis = await openRedis(url);
  try {
    const config = await readInForce(redis, url);
    if (config === null) {
      redis.disconnect();
      return null;
    }
    return await readSystem(config, redis, { actor, scrub });
  } catch (error) {
    redis.disconnect();
    throw error;
  }
}

async function readInForce(redis: Redis, url: string): Promise<SettingsInForce | null> {
  const clock = createStoreClock(redis);
  try {
    await clock.synchronize();
    const running = mostOf(await readProcesses(redis, clock.now()));
    return running === undefined ? null : await settingsOf(running, redis, url);
  } finally {
    clock.stop();
  }
}

/** One with the configuration that most run; processes from before 0.2.0 do not tell theirs. */
function mostOf(processes: readonly ProcessEntry[]): ProcessEntry | undefined {
  const telling = processes.filter(({ settings }) => settings !== undefined);
  const countOf = (hash: string) => telling.filter(({ config }) => config === hash).length;
  return telling.toSorted(
    (a, b) => countOf(b.config) - countOf(a.config) || (a.config < b.config ? -1 : 1),
  )[0];
}

async function settingsOf(running: ProcessEntry, redis: Redis, url: string): Promise<SettingsInForce> {
  const { sources, destinations, redis: told } = running.settings!;
  return {
    hash: running.config,
    sources: sources.map((name) => ({ name })),
    destinations: await Promise.all(
      Object.entries(destinations).map(async ([name, { type, requestsPerSecond }]) => ({
        name,
        type: type as DestinationType,
        limit: { requestsPerSecond },
        rules: await readKept(redis, name, running.rules[name] ?? ''),
      })),
    ),
    billingAccounts: new Map(Object.entries(destinations).map(([name, { account }]) => [name, account])),
    redis: { url, ...told },
  };
}

/** Rules that this version cannot read are none here: their names are not known. */
async function readKept(
  redis: Redis,
  destination: string,
  version: string,
): Promise<DestinationSettings['rules']> {
  const text = await readRules(redis, destination, version);
  return text === null ? [] : (rulesOfVersion(text) ?? []);
}
