import { type Config, configFile } from '@meterbridge/config';
import {
  compileDestination,
  createHttpClient,
  describeLarge,
  destinationKinds,
  type HttpClient,
  isLarge,
} from '@meterbridge/destinations';
import { findForgotten, inspectRedis, inspectTopology, readNewestWaiting } from '@meterbridge/queue';
import type { Command } from 'commander';
import type { Redis } from 'ioredis';
import { judgeIds, type Past, readPast } from '../check/check-ids.js';
import { checkLagoRules } from '../check/check-lago.js';
import type { Line } from '../check/line.js';
import { CommandError, openRedis, readCommandEnv, readConfig } from '../load-context.js';
import { style } from '../terminal/style.js';

const MARK = { ok: '✓', warn: '!', fail: '✗' } as const;
const COLOUR = { ok: 'green', warn: 'yellow', fail: 'red' } as const;

/** Says whether the file, Redis, every API and the rules are ready. Exit code 1 where something is not. */
export async function check(options: { json?: boolean }): Promise<void> {
  const env = readCommandEnv(process.env);
  const lines: Line[] = [];
  const report = (line: Line) => {
    const { level, what, detail } = line;
    lines.push(line);
    if (!options.json) console.log(`${style(COLOUR[level], MARK[level])} ${what}: ${detail}`);
  };
  try {
    const config = readConfig(env, { allowSharedIds: true });
    const rules = config.destinations.reduce((sum, { rules }) => sum + rules.length, 0);
    report({
      level: 'ok',
      what: configFile(env),
      detail: `sources: ${config.sources.length}, rules: ${rules}`,
    });
    const past = await checkRedis(config, report);
    for (const settings of config.destinations) await checkDestination(settings, report);
    for (const line of judgeIds(config, past)) report(line);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    report({ level: 'fail', what: 'configuration', detail: error.message });
  }
  if (options.json) console.log(JSON.stringify(lines, null, 2));
  if (lines.some(({ level }) => level === 'fail')) process.exitCode = 1;
}

/** @returns what it knows of the past; null where it does not answer */
async function checkRedis(config: Config, report: (line: Line) => void): Promise<Past> {
  try {
    const redis = await openRedis(config.redis.url);
    try {
      const names = config.destinations.map(({ name }) => name);
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
      for (const { destination, inFlight, dead } of await findForgotten(redis, names)) {
        const detail = `not configured, but ${inFlight} deliveries wait for it and ${dead} are dead letters: nobody takes them. Configure it until it is empty.`;
        report({ level: 'fail', what: destination, detail });
      }
      return await readPast(redis, config);
    } finally {
      redis.disconnect();
    }
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    report({ level: 'fail', what: 'Redis', detail: error.message });
    return null;
  }
}

/** Enough to see what is usual; a job holds up to 500 deliveries. */
const JOBS_LOOKED_INTO = 5;

/** Whether what waits now comes near what an API can store of one event. */
async function checkLarge(config: Config, redis: Redis, report: (line: Line) => void): Promise<void> {
  for (const settings of config.destinations) {
    const { name, storableBytes, map } = compileDestination(settings);
    if (storableBytes === undefined) continue;
    const sizes = (await readNewestWaiting(name, redis, JOBS_LOOKED_INTO)).flatMap(({ rule, event }) => {
      const mapped = map(rule, event);
      return mapped.ok && mapped.usage ? [Buffer.byteLength(mapped.usage.body)] : [];
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
  report: (line: Line) => void,
): Promise<void> {
  const http = createHttpClient(compileDestination(settings).connection);
  const what = `${settings.name} (${settings.url})`;
  try {
    const found = await destinationKinds[settings.type].checkConnection(http);
    report(
      found.ready
        ? { level: 'ok', what, detail: 'URL and key are accepted' }
        : { level: 'fail', what, detail: found.problem },
    );
    if (found.ready) await checkEventsStore(settings, http, report);
    if (settings.type === 'lago' && found.ready) await checkLagoRules(settings, http, report);
  } finally {
    http.close();
  }
}

/** What the API says of where it keeps events. Where it does not say, the stricter one has to be reckoned with. */
async function checkEventsStore(
  { name, type }: Config['destinations'][number],
  http: Pick<HttpClient, 'get'>,
  report: (line: Line) => void,
): Promise<void> {
  const told = await destinationKinds[type].readEventsStore?.(http);
  if (!told) return;
  report(
    told.told
      ? { level: 'ok', what: `${name}, events store`, detail: `${told.store.name}: ${told.store.follows}` }
      : { level: 'warn', what: `${name}, events store`, detail: `not known (${told.problem})` },
  );
}

/** `meterbridge check` */
export function addCheck(program: Command): void {
  program
    .command('check')
    .description('say whether the configuration, Redis, both APIs and the rules are ready; sends no event')
    .option('--json', 'for machines')
    .addHelpText(
      'after',
      `
Marks: ✓ as it should be, ! for you to judge, ✗ not ready.
Exit codes: 0 nothing failed, 1 something is not ready, 2 wrong usage. Warnings do not fail.

Examples:
  meterbridge check
  meterbridge check --json | jq '.[] | select(.level != "ok")'`,
    )
    .action(check);
}
