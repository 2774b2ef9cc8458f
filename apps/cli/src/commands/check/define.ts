import type { Command } from 'commander';
import { loadedWhenRun } from '../../terminal/loaded-when-run.js';

/** `meterbridge check` */
export function addCheck(program: Command): void {
  program
    .command('check')
    .description('say whether the configuration, Redis, both APIs and the rules are ready; sends no event')
    .option('--json', 'for machines')
    .addHelpText(
      'after',
      `
Marks: ✓ as it should be, ! for you to judge, ✗ not ready.
Exit codes: 0 nothing failed, 1 something is not ready, 2 wrong usage. Warnings do not fail.

Examples:
  meterbridge check
  meterbridge check --json | jq '.[] | select(.level != "ok")'`,
    )
    .action(loadedWhenRun(async () => (await import('./command.js')).check));
}
