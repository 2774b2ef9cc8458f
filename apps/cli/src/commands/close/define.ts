import { type Month, readMonth } from '@meterbridge/operations/options';
import { type Command, InvalidArgumentError } from 'commander';
import { EXAMPLE } from '../../terminal/example.js';
import { loadedWhenRun } from '../../terminal/loaded-when-run.js';

/** `meterbridge close` */
export function addClose(program: Command): void {
  program
    .command('close')
    .description(
      'say of a month that it is complete, in a signed statement; exit code 1 where something is not as it should be',
    )
    .option('--month <month>', "by the events' own times, in UTC: 2026-10", readMonthOption)
    .option('--destination <name>', 'of one destination; every one where left out')
    .option('--waive <what>', 'let a point pass, or a finding by its id; may be said again', collect)
    .option('--because <text>', 'why, for each --waive; it stands in the statement', collect)
    .option('--key <file>', 'what signs it, PEM; METERBRIDGE_SIGNING_KEY_FILE where left out')
    .option('--out <file>', 'where the statement goes; meterbridge-<destination>-<month>.json where left out')
    .option('--make-key <file>', 'make such a key, and print what it is verified by')
    .option('--verify <file>', 'compute a statement again from the books, and what came after it')
    .option('--public-key <file>', 'that has to have signed it, PEM')
    .option('--json', 'one document, for machines')
    .addHelpText(
      'after',
      `
What has to hold, each with what to do where it does not:
  in-flight     nothing of the month is on its way
  dead-letters  none whose event was in the month, the receiver's too
  receipts      the books have what the ledger has, of each hour from the month's beginning on
  gaps          nothing of the month ended without a receipt
  archived      all of it is in files, and nothing in Redis or spools
  findings      none is open
  sources       none fell silent for the month's last three days that used to speak
  contents      the API holds what was sent (reconcile --contents), asked once all others hold
The statement says counts and sums by code, the receipts' files with their hashes, and what was waived, by whom.

It runs where the books are (receipts.directory), and changes nothing. Ctrl-C stops it; the same command goes on.

Examples:
  meterbridge close --make-key close.pem > close.pub.pem
  meterbridge close --month 2026-10 --destination ${EXAMPLE} --key close.pem
  meterbridge close --month 2026-10 --waive sources --because "web was shut down" --key close.pem
  meterbridge close --verify meterbridge-${EXAMPLE}-2026-10.json --public-key close.pub.pem

Exit codes: 0 all holds and the statement is written (--verify: it says what is), 1 it does not, or Redis, the API
or the books did not say, 2 wrong usage.`,
    )
    .action(loadedWhenRun(async () => (await import('./command.js')).close));
}

function collect(text: string, before: string[] = []): string[] {
  return [...before, text];
}

/** @throws InvalidArgumentError */
function readMonthOption(text: string): Month {
  const month = readMonth(text);
  if (!month) throw new InvalidArgumentError('a month such as 2026-10 was expected.');
  return month;
}
