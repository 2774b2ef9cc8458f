import type { Config, Source } from '@meterbridge/config';
import {
  type BackfillReport,
  choosePace,
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
import type { Command } from 'commander';
import { CommandError, readCommandEnv, readConfig } from '../../load-context.js';
import { findFiles } from '../../terminal/find-files.js';
import { listenForInterruption } from '../../terminal/interruption.js';
import { keepStandardInput } from '../../terminal/keep-standard-input.js';
import { type LetGoOptions, letGo } from '../../terminal/let-go.js';
import { print } from '../../terminal/print.js';
import { whyNotSent } from '../../terminal/say-held.js';
import { showProgress } from '../../terminal/work.js';
import { printText } from '../../terminal/wrap-text.js';
import { renderAlready, renderBackfill } from './render-report.js';

type BackfillOptions = {
  source?: string;
  since?: number;
  until?: number;
  where?: string;
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
export async function backfill(
  given: string[],
  options: BackfillOptions,
  command?: Pick<Command, 'error'>,
): Promise<void> {
  const { since, until, where } = options;
  const matches = where === undefined ? undefined : compileWhere(where, command);
  const config = readConfig(readCommandEnv(process.env));
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
      where: matches,
    },
    whereText: where,
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
      if (!options.json && held.length > 0) printText(renderAlready(held));
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
  if (options.json) print(JSON.stringify(report, null, 2));
  else printText(renderBackfill(report));
  const whyNot = options.dryRun ? whyNotSent(report.held, options) : null;
  if (whyNot !== null && !options.json) printText(`\n${whyNot}`);
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

/** What a filter takes. A wrong one is wrong usage. */
function compileWhere(text: string, command?: Pick<Command, 'error'>): (event: unknown) => boolean {
  const filter = compileFilter(text);
  if (filter.ok) return filter.matches;
  const problems = filter.problems.map(describeFilterProblem).join('; ');
  const message = `error: option '--where <filter>' argument '${text}' is invalid. ${problems}`;
  throw command?.error(message, { exitCode: 2 }) ?? new CommandError(message);
}
