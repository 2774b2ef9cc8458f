import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '@meterbridge/config';
import { type AuditLine, knownDestinations, RECEIVER, readAudit } from '@meterbridge/queue';
import { type Command, Option } from 'commander';
import type { Redis } from 'ioredis';
import { isoHour } from '../audit/read-since.js';
import { renderReport } from '../audit/render-report.js';
import { type AuditReport, type Grouping, reportAudit } from '../audit/report.js';
import { CommandError, openRedis, readCommandEnv, readConfig } from '../load-context.js';
import { readCount, readSinceHour } from '../read-arguments.js';
import { startProgress } from '../terminal/progress.js';

export type AuditOptions = {
  destination?: string;
  source?: string;
  /** In hours since 1970. */
  since?: number;
  by?: Grouping;
  json?: boolean;
  /** Seconds. */
  wait?: number;
};

const LOOK_EVERY_MS = 500;
const REDIS_ANSWERS_WITHIN_MS = 5_000;
/** A look stops Redis for as long as it takes: with many jobs waiting, a tenth of the time is enough. */
const REST_FACTOR = 10;

/**
 * Holds what was accepted against what became of it, by destination, source and hour. Exit code 1 where that
 * does not add up, and where something is still in flight after `--wait`.
 */
export async function audit(options: AuditOptions): Promise<void> {
  const config = readConfig(readCommandEnv(process.env));
  const redis = await openRedis(config.redis.url);
  try {
    const report = await untilSettled(() => look(config, redis, options), (options.wait ?? 0) * 1_000);
    const isLate = options.wait !== undefined && report.total.inFlight > 0;
    if (report.unbalanced.length > 0 || isLate) process.exitCode = 1;
    if (options.json) return console.log(JSON.stringify(toJson(report), null, 2));
    if (report.lines.length === 0) return console.log('Nothing was accepted.');
    console.log(renderReport(report, options.by));
    const left = report.total.inFlight.toLocaleString('en');
    if (isLate)
      console.log(
        `After ${options.wait} s there are still ${left} deliveries in flight. How each destination does: meterbridge status`,
      );
  } finally {
    redis.disconnect();
  }
}

/**
 * The last look: the first at which nothing is in flight, or the one at the end of the time.
 * @throws CommandError where Redis went away meanwhile
 */
async function untilSettled(look: () => Promise<AuditReport>, withinMs: number): Promise<AuditReport> {
  const deadline = performance.now() + withinMs;
  const over = sleep(withinMs + REDIS_ANSWERS_WITHIN_MS, undefined, { ref: false });
  const late = over.then(() => Promise.reject(new CommandError('Redis does not answer any more.')));
  let report = await Promise.race([look(), late]);
  if (report.total.inFlight === 0 || withinMs === 0) return report;
  const atFirst = report.total.inFlight;
  const progress = startProgress('deliveries settled', atFirst);
  let settled = 0;
  let tookMs = 0;
  try {
    while (report.total.inFlight > 0 && performance.now() < deadline) {
      await sleep(Math.max(LOOK_EVERY_MS, REST_FACTOR * tookMs));
      const began = performance.now();
      report = await Promise.race([look(), late]);
      tookMs = performance.now() - began;
      // What is accepted meanwhile is waited for as well.
      const now = Math.max(0, atFirst - report.total.inFlight);
      progress.add(now - settled);
      settled = now;
    }
    return report;
  } finally {
    progress.end();
  }
}

async function look(config: Config, redis: Redis, options: AuditOptions): Promise<AuditReport> {
  const { destination, source, since, by } = options;
  const configured = config.destinations.map(({ name }) => name);
  const names = [...new Set([...configured, ...(await knownDestinations(redis)), RECEIVER])];
  if (destination !== undefined && !names.includes(destination)) {
    throw new CommandError(`no destination ${destination}; there are ${names.join(', ')}`);
  }
  const asked = destination === undefined ? names : [destination];
  const lines = (await Promise.all(asked.map((name) => readAudit(name, redis)))).flat();
  if (source !== undefined) refuseUnknownSource(source, config, lines);
  return reportAudit(lines, {
    ...(source === undefined ? {} : { source }),
    ...(since === undefined ? {} : { sinceHour: since }),
    ...(by === undefined ? {} : { by }),
  });
}

/** A misspelt source has no difference: that must not look like an account that adds up. */
function refuseUnknownSource(source: string, config: Config, lines: AuditLine[]): void {
  const names = [...config.sources.map(({ name }) => name), ...lines.flatMap((line) => line.source ?? [])];
  if (names.includes(source)) return;
  throw new CommandError(`no source ${source}; there are ${[...new Set(names)].join(', ')}`);
}

/** Hours as times, and one word for the whole. */
function toJson({ lines, total, unbalanced }: AuditReport) {
  const withTime = <Line extends { hour?: number | null }>(line: Line) =>
    typeof line.hour === 'number' ? { ...line, hour: isoHour(line.hour) } : line;
  return {
    balanced: unbalanced.length === 0,
    total,
    lines: lines.map(withTime),
    unbalanced: unbalanced.map(withTime),
  };
}

/** `meterbridge audit` */
export function addAudit(program: Command): void {
  program
    .command('audit')
    .description(
      'hold what was accepted against what became of it, by hour, destination and source; exit code 1 when it does not add up',
    )
    .option('--destination <name>', 'of one destination, or of the receiver')
    .option('--source <name>', 'of one source')
    .option('--since <time>', 'what was accepted from then on: 90m, 24h, 7d, or a time in UTC', readSinceHour)
    .addOption(new Option('--by <what>', 'add up').choices(['hour', 'source', 'destination']))
    .option('--wait <seconds>', 'until nothing is in flight; exit code 1 when the time is over', readCount)
    .option('--json', 'one document, for machines')
    .addHelpText(
      'after',
      `
Always, for each hour in which something was accepted, counted in deliveries and with a filtered event as one:
  accepted = delivered + duplicate + filtered + dead + discarded + in flight
The look is one moment of Redis: it holds under load, too. "earlier" is what no hour has: hours that were
settled more than 90 days ago, and what was accepted by a version that kept none. --since and --source
leave it out.

Examples:
  meterbridge audit --since 24h
  meterbridge audit --by destination
  meterbridge audit --since 2026-08-01 --source backend --by hour
  meterbridge audit --wait 60 && echo settled
  meterbridge audit --json | jq '.lines[] | select(.dead > 0)'

Exit codes: 0 it adds up (with --wait: and nothing is in flight), 1 it does not, or Redis does not answer,
2 wrong usage.`,
    )
    .action(audit);
}
