import type { Command } from 'commander';
import { loadedWhenRun } from '../../terminal/loaded-when-run.js';
import { readCount } from '../../terminal/read-arguments.js';
import { addWideOption } from '../../terminal/wide-option.js';

/** `meterbridge replays` */
export function addReplays(program: Command): void {
  const replays = program
    .command('replays')
    .description('replays of dead letters: which there were, how far they came; to stop and resume them')
    .addHelpText(
      'after',
      `
A replay is begun with: meterbridge dead-letters replay. Workers run it: one whose worker is killed is taken by another
within seconds. The last hundred are remembered.

Examples:
  meterbridge replays list
  meterbridge replays show 12
  meterbridge replays stop 12
  meterbridge replays resume 12 --wait

Exit codes: 0 done, 1 there is none, it cannot be resumed, or it did not come to its end, 2 wrong usage.`,
    );
  const explain = (example: string, exitCodes: string) =>
    `\nExample:\n  meterbridge replays ${example}\n\nExit codes: ${exitCodes}, 2 wrong usage.`;
  addWideOption(replays.command('list').description('the newest first'))
    .option('--json', 'one document, for machines')
    .addHelpText('after', explain('list --json | jq \'.[] | select(.state == "stopped") | .id\'', '0 done'))
    .action(loadedWhenRun(async () => (await import('./command.js')).listAllReplays));
  replays
    .command('show <id>')
    .description('how far it came, and what became of what it put back')
    .option('--json', 'for machines')
    .addHelpText('after', explain('show 12', '0 done, 1 there is no such replay'))
    .action(loadedWhenRun(async () => (await import('./command.js')).showReplay));
  replays
    .command('stop <id>')
    .description('make a running one stop after what it has in hand')
    .option('--json', 'for machines')
    .addHelpText('after', explain('stop 12', '0 it runs no more, 1 there is no such replay'))
    .action(loadedWhenRun(async () => (await import('./command.js')).stopRunning));
  replays
    .command('resume <id>')
    .description('go on with one that was stopped, at its pace, with the configuration of now')
    .option('--wait', 'until what it put back is delivered or dead again; so it is on a terminal')
    .option('--no-wait', 'end when everything is on its queue')
    .option(
      '--send-again <n>',
      'where the rules have changed since: so many, exactly, although they are there already as something else',
      readCount,
    )
    .option('--check-all', 'the same: ask the APIs for every event, however many reads that takes')
    .option('--yes', 'the same: do not ask where the APIs could not be asked for all')
    .option('--json', 'for machines')
    .addHelpText(
      'after',
      explain(
        'resume 12 --wait',
        '0 done, 1 there is none, it runs or is done, it was refused, stopped or no longer watched, or with --wait something is dead again',
      ),
    )
    .action(loadedWhenRun(async () => (await import('./command.js')).resumeReplay));
}
