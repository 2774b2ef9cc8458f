import type { Config, Source } from '@meterbridge/config';
import {
  type BackfillReport,
  choosePace,
  DEFAULT_SHARE,
  dryRun,
  type Held,
  isObject,
  limitOf,
  type ObjectStore,
  openObjectStore,
  paceOf,
  runBackfill,
  STANDARD_INPUT,
  slowest,
} from '@meterbridge/operations';
import { compileFilter, describeFilterProblem } from '@meterbridge/usage-mapping';
import { type Command, InvalidArgumentError } from 'commander';
import { CommandError, readCommandEnv, readConfig } from '../../load-context.js';
import { findFiles } from '../../terminal/find-files.js';
import { listenForInterruption } from '../../terminal/interruption.js';
import { keepStandardInput } from '../../terminal/keep-standard-input.js';
import { type LetGoOptions, letGo } from '../../terminal/let-go.js';
import { readCount, readPercent } from '../../terminal/read-arguments.js';
import { readTime } from '../../terminal/read-since.js';
import { whyNotSent } from '../../terminal/say-held.js';
import { showProgress } from '../../terminal/work.js';
import { renderAlready, renderBackfill } from './render-report.js';

type Where = { text: string; matches: (event: unknown) => boolean };
type BackfillOptions = {
  source?: string;
  since?: number;
  until?: number;
  where?: Where;
  rate?: number;
  share?: number;
  resume?: boolean;
  dryRun?: boolean;
  s3Endpoint?: string;
} & LetGoOptions;

/**
 * Brings archived events through what a receiver does with live ones, behind them. Exit code 1 where it was
 * stopped, and where a file could not be read to its end.
 */
export async function backfill(given: string[], options: BackfillOptions): Promise<void> {
  const config = readConfig(readCommandEnv(process.env));
  const { since, until, where } = options;
  const progress = showProgress();
  const objects = given.some(isObject) ? await openObjects(options.s3Endpoint) : undefined;
  const job = {
    config,
    source: chooseSource(config, options.source),
    files: await chooseFiles(given, objects),
    objects,
    selection: {
      since,
      until,
      where: where?.matches,
    },
    whereText: where?.text,
    pace: slowest(
      config.destinations.map((settings) =>
        paceOf(limitOf(settings, config.billingAccounts), choosePace(options)),
      ),
    ),
    resume: options.resume ?? false,
    checkAll: options.checkAll ?? false,
    standardInput: { open: () => process.stdin, keep: keepStandardInput },
    decide: (held: Held[]) => {
      progress.end();
      if (!options.json && held.length > 0) console.log(renderAlready(held));
      return letGo(held, options);
    },
  };
  const interruption = listenForInterruption();
  const work = { ...progress, signal: interruption.signal };
  const report = await (options.dryRun ? dryRun(job, work) : runBackfill(job, work)).finally(() => {
    progress.end();
    interruption.end();
    objects?.close();
  });
  console.log(options.json ? JSON.stringify(report, null, 2) : renderBackfill(report));
  const whyNot = options.dryRun ? whyNotSent(report.held, options) : null;
  if (whyNot !== null && !options.json) console.log(`\n${whyNot}`);
  if (!isComplete(report)) process.exitCode = 1;
}

function isComplete({ state, unreadable, stoppedAt }: BackfillReport): boolean {
  return state !== 'stopped' && !stoppedAt && unreadable.length === 0;
}

/** An event of another source would be billed by other rules: nobody guesses it. */
function chooseSource(config: Config, name: string | undefined): Source {
  const names = config.sources.map((source) => source.name).join(', ');
  if (name === undefined) {
    if (config.sources.length === 1) return config.sources[0]!;
    throw new CommandError(`say whose events they are: --source, one of ${names}`);
  }
  const found = config.sources.find((source) => source.name === name);
  if (!found) throw new CommandError(`no source ${name}; there are ${names}`);
  return found;
}

async function chooseFiles(given: string[], objects: ObjectStore | undefined): Promise<string[]> {
  if (given.includes(STANDARD_INPUT)) {
    if (given.length > 1) throw new CommandError('standard input (-) goes alone');
    return given;
  }
  const found: string[] = [];
  for (const each of given) {
    found.push(...(objects && isObject(each) ? await objects.list(each) : findFiles([each])));
  }
  return [...new Set(found)];
}

/** The environment's names are those of Amazon's own tools. */
function openObjects(given: string | undefined): Promise<ObjectStore> {
  const { AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, AWS_REGION, AWS_DEFAULT_REGION } = process.env;
  const endpoint = given || AWS_ENDPOINT_URL_S3 || AWS_ENDPOINT_URL || undefined;
  // The client in use runs on this Node; that later ones will not is nothing for the person at the terminal.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
  // Other stores have no regions, and the protocol wants one named.
  const region = AWS_REGION || AWS_DEFAULT_REGION || (endpoint ? 'us-east-1' : undefined);
  return openObjectStore({ endpoint, region });
}

/** Epoch milliseconds. A moment that goes with the clock would be another one when it is resumed. */
function readMoment(text: string): number {
  const at = /^\d+[mhd]$/.test(text) ? null : readTime(text, Date.now());
  if (at === null) throw new InvalidArgumentError('2026-08-01 or 2026-08-01T14:00Z was expected.');
  return at;
}

function readFilter(text: string): Where {
  const filter = compileFilter(text);
  if (filter.ok) return { text, matches: filter.matches };
  throw new InvalidArgumentError(filter.problems.map(describeFilterProblem).join('; '));
}

/** `meterbridge backfill` */
export function addBackfill(program: Command): void {
  program
    .command('backfill <files...>')
    .description("bring events of Segment's archives in, behind what is live: a call a line, gzip'd or not")
    .option('--source <name>', 'whose events they are; needed where there are several sources')
    .option('--since <time>', "from this time on, by the event's own, in UTC", readMoment)
    .option('--until <time>', 'up to this time, which is left out', readMoment)
    .option('--where <filter>', 'only what a filter takes, in the language of `when`', readFilter)
    .option('--rate <n>', 'events a second, at most', readCount)
    .option(
      '--share <percent>',
      `of the tightest limit (requestsPerSecond × batchSize), at most; ${DEFAULT_SHARE} where neither is said`,
      readPercent,
    )
    .option('--resume', 'go on where the last run of the same stopped')
    .option(
      '--send-again <n>',
      'so many, exactly, although they are there already as something else: billed twice, or never',
      readCount,
    )
    .option('--check-all', 'ask the APIs for every event what they hold of it, however many reads that takes')
    .option('--yes', 'do not ask where the APIs could not be asked for all')
    .option(
      '--s3-endpoint <url>',
      'the store of s3://bucket/prefix, where it is not Amazon; else AWS_ENDPOINT_URL_S3',
    )
    .option('--dry-run', 'say what would become of them; writes nothing and needs no Redis')
    .option('--json', 'one document, for machines')
    .addHelpText(
      'after',
      `
Files, folders with all files in them, patterns in quotes, s3://bucket/prefix, or - for standard input. What is no archive by its
content is named, and nothing of it is taken. Run it twice with the same
rules and nothing is billed twice: id and time of an archived event are its own. Times are Segment's; an event is
judged as of when it was received then, so that history is never too old. What a receiver would refuse becomes a
dead letter that names file and line; its neighbours go on.

The APIs are asked first what they hold of it. What is there under the same id with another code, subscription,
customer, time or content, since a rule was changed, would be billed twice, or never: then nothing is done until
--send-again says their exact number. What could not be asked for needs a --yes.

It leaves live events their share of every destination's limit, waits while Redis is away, and while Redis
uses three quarters of what live events may use. Ctrl-C stops it; the same command with --resume goes on.

Examples:
  meterbridge backfill --dry-run 'archive/**/*.gz'
  meterbridge backfill --since 2026-07-01 --until 2026-08-01 segment-logs/
  meterbridge backfill --where 'event = "API Call"' --rate 5000 july.ndjson.gz
  meterbridge backfill --source backend s3://bucket/segment-logs/1234

Exit codes: 0 all was read, 1 it was refused or stopped, or a file could not be read to its end, 2 wrong usage.`,
    )
    .action(backfill);
}
