import { type Command, Option } from 'commander';
import { loadedWhenRun } from '../../terminal/loaded-when-run.js';
import { readCount, readMoment, readSinceHour } from '../../terminal/read-arguments.js';
import { addWideOption } from '../../terminal/wide-option.js';

/** `meterbridge audit` */
export function addAudit(program: Command): void {
  const command = program
    .command('audit')
    .description(
      'hold what was accepted against what became of it, by hour, destination and source; exit code 1 when it does not add up',
    );
  addWideOption(command)
    .option('--destination <name>', 'of one destination, or of the receiver')
    .option('--source <name>', 'of one source')
    .option('--since <time>', 'what was accepted from then on: 90m, 24h, 7d, or a time in UTC', readSinceHour)
    .option('--until <time>', 'of the hours that began before then, in the same words', readMoment)
    .addOption(new Option('--by <what>', 'add up').choices(['hour', 'source', 'destination']))
    .option(
      '--wait <seconds>',
      'until nothing is in flight that was accepted before now; exit code 1 when the time is over',
      readCount,
    )
    .option('--json', 'one document, for machines')
    .addHelpText(
      'after',
      `
Always, for each hour in which something was accepted, counted in deliveries and with a filtered event as one:
  accepted = delivered + duplicate + filtered + dead + discarded + in flight
The look is one moment of Redis: it holds under load, too. "earlier" is what no hour has: hours that were
settled more than 90 days ago. --since, --until and --source leave it out.

Where books are kept (receipts.directory) and are on this machine, each hour that is over is held against them: all
(the books have what the ledger has), gap (all but what ended without a receipt), before (there were none yet), open
(something is in flight), waits (the archivist is behind), or differs, which is told below and ends it with 1.

Examples:
  meterbridge audit --since 24h
  meterbridge audit --by destination
  meterbridge audit --since 2026-08-01 --source backend --by hour
  meterbridge audit --since 2026-08-01 --until 2026-09-01 --by destination
  meterbridge audit --wait 60 && echo settled
  meterbridge audit --json | jq '.lines[] | select(.dead > 0)'

Exit codes: 0 it adds up (with --wait: and nothing of before is in flight), 1 it does not, or the books lack
something or cannot be read, or Redis does not answer, 2 wrong usage.`,
    )
    .action(loadedWhenRun(async () => (await import('./command.js')).audit));
}
