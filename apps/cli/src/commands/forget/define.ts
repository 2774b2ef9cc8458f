import type { Command } from 'commander';
import { loadedWhenRun } from '../../terminal/loaded-when-run.js';

/** `meterbridge forget` */
export function addForget(program: Command): void {
  program
    .command('forget')
    .description(
      'take a person out of everything that is kept: waiting deliveries, dead letters, hints, records',
    )
    .option('--user <id>', 'whose userId it is, or was before an alias call')
    .option('--anonymous <id>', 'whose anonymousId it is')
    .option(
      '--refuse-later',
      'have receivers keep later events of the person out, from before anything is taken',
    )
    .option('--allow-again', 'let later events of the person in again, and do nothing else')
    .option('--list', 'say how many people are refused, and since when')
    .option('--dry-run', 'say where the person is, and change nothing')
    .option('--as <name>', 'who is remembered for it; default: you')
    .option('--yes', 'do not ask')
    .option('--json', 'one document, for machines')
    .addHelpText(
      'after',
      `
An id is found as it came, and as the privacy of a source hashes it. What leaves counts as discarded, and is never
billed; what was sent already is on the bill. It is remembered who did it, when, and of how much, under a digest
that only privacyKey leads to. What a worker has in hand is waited for, a minute at most. Receipts are blanked by the
archivist, which is waited for while it gets on.
With --refuse-later, which takes a privacyKey, receivers count later events of the person and keep none of them; what
is kept of whom is an HMAC. It reaches neither the billing APIs nor your backups: docs/privacy.md says where else a
person may be.

Examples:
  meterbridge forget --user u-4711 --dry-run
  meterbridge forget --user u-4711 --anonymous 5f3a --as "Jo, request 12" --yes
  meterbridge forget --user u-4711 --refuse-later
  meterbridge forget --user u-4711 --allow-again
  meterbridge dead-letters discards --json | jq 'select(.what == "forgotten")'

Exit codes: 0 done (with --dry-run: looked), 1 something is left, as it says, or Redis does not answer, 2 wrong usage.`,
    )
    .action(loadedWhenRun(async () => (await import('./command.js')).forget));
}
