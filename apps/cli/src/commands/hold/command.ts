import { holdDestination, resumeDestination } from '@meterbridge/operations';
import type { Command } from 'commander';
import { CommandError, withOperations } from '../../load-context.js';
import { EXAMPLE } from '../../terminal/example.js';
import { print } from '../../terminal/print.js';

/** Stops sending to a destination until somebody resumes it; what is accepted meanwhile waits. */
export async function hold(destination: string, options: { reason: string; json?: boolean }): Promise<void> {
  const reason = options.reason.trim();
  if (reason === '') throw new CommandError('say why, for those who come later: --reason "…"');
  const { before, after } = await withOperations((ops) => holdDestination(ops, destination, reason));
  if (options.json) return print(JSON.stringify({ destination, held: after.handHold }));
  print(
    before.handHold
      ? `${destination} was held before (${before.handHold.by}: ${before.handHold.reason}); the reason is the new one.`
      : `${destination} is held: nothing more is sent to it. What comes waits; requests on their way are settled.`,
  );
  print(`Let it go with: meterbridge resume ${destination}`);
}

/** Lets a destination go, whoever held it: somebody, or an answer that refused the key or the URL. */
export async function resume(destination: string, options: { json?: boolean }): Promise<void> {
  const { byHand, byAnswer } = await withOperations((ops) => resumeDestination(ops, destination));
  if (options.json) return print(JSON.stringify({ destination, ended: { byHand, byAnswer } }));
  if (byHand) {
    const since = new Date(byHand.since).toISOString();
    print(`${destination} goes on. It was held by ${byHand.by} since ${since}: ${byHand.reason}`);
  }
  if (byAnswer) {
    print(
      `${destination} goes on. It was held since it answered ${byAnswer.code} (${byAnswer.detail}); if it does so again, it is held again.`,
    );
  }
  if (!byHand && !byAnswer) print(`${destination} is not held.`);
}

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
    .action(hold);

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
    .action(resume);
}
