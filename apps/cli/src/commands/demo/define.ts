import type { Command } from 'commander';
import { loadedWhenRun } from '../../terminal/loaded-when-run.js';
import { readCount } from '../../terminal/read-arguments.js';

/** `meterbridge demo` */
export function addDemo(program: Command): void {
  program
    .command('demo')
    .description(
      'send some thousand events through the whole stack to a sandbox and add up what became of them',
    )
    .option('--once', 'end when it adds up; exit code 1 when it does not')
    .option('--events <n>', 'well-formed events to send', readCount, 5_000)
    .addHelpText(
      'after',
      `
It bills nobody, whatever keys are set. With REDIS_URL it takes an empty database of that Redis (the one that the URL
names, or else the last of sixteen) and empties it again; without, it starts a Redis of its own. Where there is no
configuration it uses the example.

Examples:
  meterbridge demo
  meterbridge demo --once --events 50000

Exit codes: 0 it adds up and the sandbox agrees, 1 it does not or could not start, 2 wrong usage.`,
    )
    .action(loadedWhenRun(async () => (await import('./command.js')).demo));
}
