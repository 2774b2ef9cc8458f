import type { Command } from 'commander';
import { EXAMPLE } from '../../terminal/example.js';
import { loadedWhenRun } from '../../terminal/loaded-when-run.js';
import { readCount, readFixedMoment } from '../../terminal/read-arguments.js';
import { addWideOption } from '../../terminal/wide-option.js';

/** `meterbridge explain` */
export function addExplain(program: Command): void {
  const command = program
    .command('explain')
    .description("what a customer's usage is made of, from the books: by day, code, source and rule")
    .requiredOption('--customer <id>', 'as it is sent, or whose subscription is looked up')
    .requiredOption('--from <time>', "from this time on, by the events' own, in UTC", readFixedMoment)
    .requiredOption('--to <time>', 'up to this time, which is left out', readFixedMoment)
    .option('--destination <name>', 'at one destination')
    .option('--samples <count>', 'ids of so many events of each line, for find', readCount)
    .option('--offline', 'ask no API');
  addWideOption(command)
    .option('--csv', 'the lines as a table for spreadsheets')
    .option('--json', 'one document, for machines')
    .addHelpText(
      'after',
      `
Events count as the API counts them: a repeat is a duplicate, and of a record the newest version counts. The sums are
of the properties that were sent and are numbers. "late" came when their time was billed, "dead" are dead letters,
which are on no bill. Events that no rule took are left out.

A destination may call the customer otherwise than another one: of each the name that it is sent. Where an API says
what the period that goes on comes to, that stands below; --offline leaves it out. Where the books begin later than
--from, or have gaps, it says so.

Examples:
  meterbridge explain --customer acme --from 2026-08-01 --to 2026-09-01
  meterbridge explain --customer acme --from 2026-08-01 --to 2026-08-02 --samples 3
  meterbridge explain --customer sub_5 --destination ${EXAMPLE} --from 2026-08-01 --to 2026-09-01 --csv > usage.csv

Exit codes: 0 explained, 1 nothing of the customer is known, or it cannot be read, 2 wrong usage.`,
    )
    .action(loadedWhenRun(async () => (await import('./command.js')).explain));
}
