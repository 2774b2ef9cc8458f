import type { Command } from 'commander';
import { loadedWhenRun } from '../../terminal/loaded-when-run.js';

/** `meterbridge test` */
export function addTest(program: Command): void {
  program
    .command('test [files...]')
    .description(
      'run the cases kept beside the configuration: an event in, the usage that must come out; sends nothing',
    )
    .option('--json', 'one document, for machines')
    .addHelpText(
      'after',
      `
Without files: every *.cases.yaml beside the configuration. Neither Redis nor any key is needed.

Exit codes: 0 all came out as expected, 1 one did not or cannot be read, 2 wrong usage.

Examples:
  meterbridge test
  METERBRIDGE_CONFIG=changed.config.yaml meterbridge test meterbridge.cases.yaml
  meterbridge test --json | jq '.cases[] | select(.ok | not)'`,
    )
    .action(loadedWhenRun(async () => (await import('./command.js')).testCases));
}
