import type { Command } from 'commander';
import { loadedWhenRun } from '../../terminal/loaded-when-run.js';

/** `meterbridge find` */
export function addFind(program: Command): void {
  program
    .command('find')
    .description('follow one event by its books: where it was sent, as what, and what is there now')
    .argument('<id>', 'of the event, of the request that brought it, or what an API calls it')
    .option('--offline', 'ask no API')
    .option('--json', 'one document, for machines')
    .addHelpText(
      'after',
      `
An id is a messageId, an X-Request-Id, a transaction id or a record id; all destinations are looked through, also
those that are configured no more. Told are each delivery that ended and what was sent, dead letters, and what the
API holds under its id now: that is read within readsPerSecond of the billing account, and nothing is changed there.

It shows what was sent, as it was sent. It runs where the books are (receipts.directory). What is still in flight
nobody can look for: it says how much that is.

Examples:
  meterbridge find 0f9a8e4c-6d1b-4a77-9c57-2f5a1f7b3f10
  meterbridge find req-7731 --offline
  meterbridge find sub_5:2026-08-01 --json | jq '.deliveries[] | {destination, outcome, sent}'

Exit codes: 0 it is known, 1 nothing is known of it, or an API did not say what it holds, 2 wrong usage.`,
    )
    .action(loadedWhenRun(async () => (await import('./command.js')).find));
}
