import { DEFAULT_SHARE } from '@meterbridge/operations/options';
import type { Command } from 'commander';
import { loadedWhenRun } from '../../terminal/loaded-when-run.js';
import { readCount, readFixedMoment, readPercent } from '../../terminal/read-arguments.js';

/** `meterbridge backfill` */
export function addBackfill(program: Command): void {
  program
    .command('backfill <files...>')
    .description("bring events of Segment's archives in, behind what is live: a call a line, gzip'd or not")
    .option('--source <name>', 'whose events they are; needed where there are several sources')
    .option('--since <time>', "from this time on, by the event's own, in UTC", readFixedMoment)
    .option('--until <time>', 'up to this time, which is left out', readFixedMoment)
    .option('--where <filter>', 'only what a filter takes, in the language of `when`')
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
    .action(loadedWhenRun(async () => (await import('./command.js')).backfill));
}
