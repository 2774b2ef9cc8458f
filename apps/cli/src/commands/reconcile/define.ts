import type { Command } from 'commander';
import { EXAMPLE } from '../../terminal/example.js';
import { loadedWhenRun } from '../../terminal/loaded-when-run.js';
import { readFixedMoment } from '../../terminal/read-arguments.js';
import { addWideOption } from '../../terminal/wide-option.js';

/** `meterbridge reconcile` */
export function addReconcile(program: Command): void {
  const command = program
    .command('reconcile')
    .description(
      'hold what the books say was delivered against what the API holds; exit code 1 where something differs',
    )
    .requiredOption('--destination <name>', 'whose API is asked')
    .requiredOption('--from <time>', "from this time on, by the events' own, in UTC", readFixedMoment)
    .requiredOption('--to <time>', 'up to this time, which is left out', readFixedMoment)
    .option('--contents', 'compare each event, also where the counts are equal');
  addWideOption(command)
    .option('--json', 'one document, for machines, with what would bring again what is missing')
    .addHelpText(
      'after',
      `
Counts by hour and code, a request each; what is unequal is halved until it can be listed, and then compared by id.
What differs is looked at again once all that was settled before is in the books: what stands then is a finding.
  missing_there   the API took it, and does not hold it
  deleted_there   the API called it a duplicate, and shows nothing under its id
  twice_there     the API holds it more than once
  other_content   under its id the API holds another time, owner, code or content
What others have sent there is counted and no finding. Counts alone do not see one that is lost where another of the
same hour is there by whomever, nor what was altered: --contents does, and lists everything.

It reads, within readsPerSecond of the billing account, and changes nothing. Ctrl-C stops it; the same command goes
on there within a day. It runs where the books are (receipts.directory).

Examples:
  meterbridge reconcile --destination ${EXAMPLE} --from 2026-08-01 --to 2026-09-01
  meterbridge reconcile --destination ${EXAMPLE} --from 2026-08-01T14:00Z --to 2026-08-01T15:00Z --contents
  meterbridge reconcile --destination ${EXAMPLE} --from 2026-08-01 --to 2026-08-02 --json | jq '.findings[]'

Exit codes: 0 nothing differs, 1 something does, or the API or the books did not say, 2 wrong usage.`,
    )
    .action(loadedWhenRun(async () => (await import('./command.js')).reconcile));
}
