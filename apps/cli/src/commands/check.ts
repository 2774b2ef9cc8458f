import { type Config, configFile } from '@meterbridge/config';
import { compileDestination, createHttpClient, destinationKinds } from '@meterbridge/destinations';
import { findForgotten, inspectRedis } from '@meterbridge/queue';
import type { Command } from 'commander';
import { CommandError, openRedis, readCommandEnv, readConfig } from '../load-context.js';

type Line = { level: 'ok' | 'warn' | 'fail'; what: string; detail: string };

const MARK = { ok: '✓', warn: '!', fail: '✗' } as const;

/** Says whether the file, Redis and every API are ready. Exit code 1 where something is not. */
export async function check(options: { json?: boolean }): Promise<void> {
  const env = readCommandEnv(process.env);
  const lines: Line[] = [];
  const report = (line: Line) => {
    lines.push(line);
    if (!options.json) console.log(`${MARK[line.level]} ${line.what}: ${line.detail}`);
  };
  try {
    const config = readConfig(env);
    const rules = config.destinations.reduce((sum, { rules }) => sum + rules.length, 0);
    report({
      level: 'ok',
      what: configFile(env),
      detail: `sources: ${config.sources.length}, rules: ${rules}`,
    });
    await checkRedis(config, report);
    for (const settings of config.destinations) report(await checkDestination(settings));
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    report({ level: 'fail', what: 'configuration', detail: error.message });
  }
  if (options.json) console.log(JSON.stringify(lines, null, 2));
  if (lines.some(({ level }) => level === 'fail')) process.exitCode = 1;
}

async function checkRedis(config: Config, report: (line: Line) => void): Promise<void> {
  try {
    const redis = await openRedis(config.redis.url);
    try {
      for (const { what, level, detail } of await inspectRedis(redis)) {
        const tolerated = level === 'refuse' && config.redis.allowDataLoss;
        report({
          level: tolerated ? 'warn' : level === 'refuse' ? 'fail' : level,
          what: `Redis ${what}`,
          detail,
        });
      }
      const names = config.destinations.map(({ name }) => name);
      for (const { destination, inFlight, dead } of await findForgotten(redis, names)) {
        const detail = `not configured, but ${inFlight} deliveries wait for it and ${dead} are dead letters: nobody takes them. Configure it until it is empty.`;
        report({ level: 'fail', what: destination, detail });
      }
    } finally {
      redis.disconnect();
    }
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    report({ level: 'fail', what: 'Redis', detail: error.message });
  }
}

async function checkDestination(settings: Config['destinations'][number]): Promise<Line> {
  const http = createHttpClient(compileDestination(settings).connection);
  const what = `${settings.name} (${settings.url})`;
  try {
    const found = await destinationKinds[settings.type].checkConnection(http);
    return found.ready
      ? { level: 'ok', what, detail: 'URL and key are accepted' }
      : { level: 'fail', what, detail: found.problem };
  } finally {
    http.close();
  }
}

/** `meterbridge check` */
export function addCheck(program: Command): void {
  program
    .command('check')
    .description('say whether the configuration, Redis and both APIs are ready; sends no event')
    .option('--json', 'for machines')
    .action(check);
}
