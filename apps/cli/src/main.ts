#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { configJsonSchema } from '@meterbridge/config';
import { Command, InvalidArgumentError, Option } from 'commander';
import { readSince } from './audit/read-since.js';
import { audit } from './commands/audit.js';
import { check } from './commands/check.js';
import { listDeadLetters, replayDeadLetters, showDeadLetter } from './commands/dead-letters.js';
import { demo } from './commands/demo.js';
import { up } from './commands/up.js';
import { CommandError } from './load-context.js';

// As .env.example says: what the environment already has wins.
if (existsSync('.env')) process.loadEnvFile('.env');

const program = new Command('meterbridge')
  .description('Segment events in, correct usage in Lago and Hyperline.')
  .addHelpText(
    'after',
    `
Configuration: meterbridge.config.yaml, or METERBRIDGE_CONFIG. Environment: see .env.example.
In a clone: npm run meterbridge -- <command>.
Exit codes: 0 done, 1 it failed or something is not as it should be, 2 wrong usage.`,
  )
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));

program
  .command('up')
  .description(
    'run receiver and worker until Ctrl-C, with a Redis of their own unless REDIS_URL is set, and the sandbox for each API whose key is not set',
  )
  .action(up);

program
  .command('demo')
  .description(
    'send some thousand events through the whole stack to a sandbox and add up what became of them',
  )
  .option('--once', 'end when it adds up; exit code 1 when it does not')
  .option('--events <n>', 'well-formed events to send', readCount, 5_000)
  .addHelpText('after', '\nExamples:\n  meterbridge demo\n  meterbridge demo --once --events 50000')
  .action(demo);

program
  .command('check')
  .description('say whether the configuration, Redis and both APIs are ready; sends no event')
  .option('--json', 'for machines')
  .action(check);

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
  accepted = delivered + duplicate + filtered + dead + in flight
The look is one moment of Redis: it holds under load, too. "earlier" is what no hour has: hours that were
settled more than 90 days ago, and what was accepted by a version that kept none. --since and --source
leave it out.

Examples:
  meterbridge audit --since 24h
  meterbridge audit --by destination
  meterbridge audit --since 2026-08-01 --source backend --by hour
  meterbridge audit --wait 60 && echo settled
  meterbridge audit --json | jq '.lines[] | select(.dead > 0)'`,
  )
  .action(audit);

program
  .command('schema')
  .description("print the configuration file's JSON Schema, for editors")
  .action(() => console.log(JSON.stringify(configJsonSchema(), null, 2)));

const deadLetters = program.command('dead-letters').description('what could not be delivered, and why');

deadLetters
  .command('list')
  .description('oldest first, with counts by reason')
  .option('--destination <name>', 'of one destination, or of the receiver')
  .option('--reason <reason>', 'of one reason')
  .option('--limit <n>', 'lines to print', readCount, 20)
  .option('--json', 'one JSON object a line, all of them')
  .addHelpText(
    'after',
    '\nExamples:\n  meterbridge dead-letters list --reason unmapped\n  meterbridge dead-letters list --json | jq .detail',
  )
  .action(listDeadLetters);

deadLetters
  .command('show <id>')
  .description('one in full: the event, why it is here, what the API said')
  .option('--json', 'for machines')
  .action(showDeadLetter);

deadLetters
  .command('replay [ids...]')
  .description('put them back on their queue; they are mapped anew with the configuration of now')
  .option('--all', 'all of them')
  .option('--destination <name>', 'of one destination, or of the receiver')
  .option('--reason <reason>', 'of one reason')
  .option('--json', 'for machines')
  .addHelpText(
    'after',
    '\nSay which: ids, --destination, --reason, or --all. Let the workers have a mended configuration first.\nExamples:\n  meterbridge dead-letters replay --reason unmapped\n  meterbridge dead-letters replay lago/1795225509287-0',
  )
  .action(replayDeadLetters);

// `… | head` closes the pipe: that is the end and no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

program.parseAsync().catch((error: unknown) => {
  if (!(error instanceof CommandError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
});

function readCount(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('a whole number from 1 was expected.');
  return Number(text);
}

function readSinceHour(text: string): number {
  const hour = readSince(text, Date.now());
  if (hour === null) {
    throw new InvalidArgumentError('90m, 24h, 7d, 2026-08-01 or 2026-08-01T14:00 was expected.');
  }
  return hour;
}
