import type { Command } from 'commander';
import { loadedWhenRun } from '../../terminal/loaded-when-run.js';

/** `meterbridge up` */
export function addUp(program: Command): void {
  program
    .command('up')
    .description(
      'run receiver and worker until Ctrl-C, with a Redis of their own unless REDIS_URL is set, and the sandbox where no API key is set',
    )
    .addHelpText(
      'after',
      `
Without a key for any API, the sandbox stands in for all, and a known write key is taken from this machine alone.
Beside a real key nothing is made up: SEGMENT_WRITE_KEY has to be set, and a destination without a key is held.
Where there is no configuration and no real key, it uses the example, which meterbridge init replaces.

What was accepted is kept in .meterbridge/ and goes on with the next start. A saved configuration is used at once.
The processes' logs go to .meterbridge/up.log (beyond 50 MB to up.log.1, and anew); here: counts, once a second where
they change, and each kind of warning and error once.

Examples:
  meterbridge up
  METERBRIDGE_CONFIG=staging.yaml RECEIVER_PORT=4100 WORKER_PORT=4101 meterbridge up

Exit codes: 0 ended by Ctrl-C, 1 it could not start, 2 wrong usage.`,
    )
    .action(loadedWhenRun(async () => (await import('./command.js')).up));
}
