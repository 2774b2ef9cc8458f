import { type Config, SANDBOX_KEY } from '@meterbridge/config';
import {
  compileDestination,
  describeLarge,
  type HttpClient,
  isLarge,
  kindOf,
} from '@meterbridge/destinations';
import {
  describeRedisError,
  findOrphanedDestinations,
  inspectRedis,
  inspectTopology,
  readNewestWaiting,
  writeRefusal,
} from '@meterbridge/queue';
import type { Redis } from 'ioredis';
import { openRedis, sayRefused } from '../connect.js';
import { OperationError } from '../operation-error.js';
import { checkRules, withConnection } from './ask-about-rules.js';
import { judgeFilters } from './check-filters.js';
import { judgeIds, type Past, readPast } from './check-ids.js';
import { checkPaths } from './check-paths.js';
import type { Finding } from './finding.js';

/**
 * Says whether Redis, every API and the rules of a configuration are ready; sends no event.
 * @param config loaded with `allowSharedIds`: what shares an id is a finding
 * @param report told of each finding as soon as it is known
 */
export async function check(config: Config, report: (finding: Finding) => void): Promise<void> {
  const past = await checkRedis(config, report);
  for (const settings of config.destinations) await checkDestination(settings, report);
  for (const finding of [...judgeFilters(config), ...judgeIds(config, past)]) report(finding);
}

/** @returns what it knows of the past; null where it does not answer */
async function checkRedis(config: Config, report: (finding: Finding) => void): Promise<Past> {
  try {
    const redis = await openRedis(config.redis.url);
    try {
      const names = config.destinations.map(({ name }) => name);
      const refusal = describeRedisError(await writeRefusal(redis));
      if (refusal !== null) report({ level: 'fail', what: 'Redis writes', detail: refusal });
      const topology = await inspectTopology(redis, names, config.redis);
      for (const { what, level, detail } of [...topology, ...(await inspectRedis(redis))]) {
        const tolerated = level === 'refuse' && config.redis.allowDataLoss;
        report({
          level: tolerated ? 'warn' : level === 'refuse' ? 'fail' : level,
          what: `Redis ${what}`,
          detail,
        });
      }
      await checkLarge(config, redis, report);
      for (const finding of await checkPaths(config, redis)) report(finding);
      for (const { destination, inFlight, dead } of await findOrphanedDestinations(redis, names)) {
        const detail = `not configured, but ${inFlight} deliveries wait for it and ${dead} are dead letters: nobody takes them. Configure it until it is empty.`;
        report({ level: 'fail', what: destination, detail });
      }
      return await readPast(redis, config);
    } finally {
      redis.disconnect();
    }
  } catch (error) {
    const said = sayRefused(error);
    if (!(said instanceof OperationError)) throw error;
    report({ level: 'fail', what: 'Redis', detail: said.message });
    return null;
  }
}

/** Enough to see what is usual; a job holds up to 500 deliveries. */
const JOBS_LOOKED_INTO = 5;

/** Whether what waits now comes near what an API can store of one event. */
async function checkLarge(config: Config, redis: Redis, report: (finding: Finding) => void): Promise<void> {
  for (const settings of config.destinations) {
    const { name, storableBytes, map } = compileDestination(settings);
    if (storableBytes === undefined) continue;
    const sizes = (await readNewestWaiting(name, redis, JOBS_LOOKED_INTO)).flatMap(({ rule, event }) => {
      const mapped = map(rule, event);
      if (!mapped.ok) return [];
      // A subscription that is looked up is about as long as its customer's id.
      const usage = mapped.usage ?? mapped.pending.complete(mapped.pending.customer);
      return [Buffer.byteLength(usage.body)];
    });
    const large = sizes.filter((bytes) => isLarge(bytes, storableBytes));
    if (large.length === 0) continue;
    const most = large.reduce((most, bytes) => Math.max(most, bytes));
    const detail = `${large.length} of ${sizes.length} that wait are large; the largest has ${describeLarge(most, storableBytes)}. Send less in them, or name the properties that are billed`;
    report({ level: 'warn', what: `${name}, size of events`, detail });
  }
}

async function checkDestination(
  settings: Config['destinations'][number],
  report: (finding: Finding) => void,
): Promise<void> {
  const what = `${settings.name} (${settings.url})`;
  await withConnection(settings, async (http, found) => {
    report(
      found.ready
        ? { level: 'ok', what, detail: 'URL and key are accepted' }
        : { level: 'fail', what, detail: found.problem },
    );
    if (!found.ready) return;
    if (settings.apiKey === SANDBOX_KEY) {
      const { apiKey } = kindOf(settings.type).env;
      const detail = `the sandbox stands in, and takes what any rule sends; ${apiKey} has the API itself asked`;
      report({ level: 'ok', what: `${settings.name}, rules`, detail });
      return;
    }
    await checkEventsStore(settings, http, report);
    await checkRules(settings, http, report);
  });
}

/** What the API says of where it keeps events. Where it does not say, the stricter one has to be reckoned with. */
async function checkEventsStore(
  { name, type }: Config['destinations'][number],
  http: Pick<HttpClient, 'get'>,
  report: (finding: Finding) => void,
): Promise<void> {
  const told = await kindOf(type).readEventsStore?.(http);
  if (!told) return;
  report(
    told.told
      ? { level: 'ok', what: `${name}, events store`, detail: `${told.store.name}: ${told.store.follows}` }
      : { level: 'warn', what: `${name}, events store`, detail: `not known (${told.problem})` },
  );
}
