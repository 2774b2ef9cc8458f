import type { Command } from 'commander';
import { EXAMPLE } from '../../terminal/example.js';
import { loadedWhenRun } from '../../terminal/loaded-when-run.js';

/** `meterbridge hold` and `meterbridge resume` */
export function addHold(program: Command): void {
  program
    .command('hold <destination>')
    .description('stop sending to a destination, over all workers and restarts, until it is resumed')
    .requiredOption('--reason <text>', 'why, for those who come later; stands in the logs, so no secrets')
    .option('--json', 'for machines')
    .addHelpText(
      'after',
      `
Nothing is lost: what is accepted waits in Redis. Workers see it within a fifth of a second. It is not probed
and never ends by itself, unlike a hold by an answer (401, 403, a wrong URL). \`meterbridge status\` shows it.
Other destinations with the same URL and key go on.
Subscriptions of what workers have in hand may still be looked up.

Examples:
  meterbridge hold ${EXAMPLE} --reason "wrong mapping deployed, see #billing"
  meterbridge resume ${EXAMPLE}

Exit codes: 0 held, 1 it could not be, 2 wrong usage.`,
    )
    .action(loadedWhenRun(async () => (await import('./command.js')).hold));

  program
    .command('resume <destination>')
    .description('let a destination go that is held, by somebody or by an answer that refused the key or URL')
    .option('--json', 'for machines')
    .addHelpText(
      'after',
      `
Ends either kind of hold at once. One by an answer is of all destinations with the same URL and key, and ends for
all of them; one by hand is of this destination alone. A pause that the API asked for, and an open breaker, end by themselves.

Example:
  meterbridge resume ${EXAMPLE}

Exit codes: 0 it goes on, or was not held; 1 it could not be done; 2 wrong usage.`,
    )
    .action(loadedWhenRun(async () => (await import('./command.js')).resume));
}
