import type { Command } from 'commander';
import { loadedWhenRun } from '../../terminal/loaded-when-run.js';
import { addWideOption } from '../../terminal/wide-option.js';

/** `meterbridge status` */
export function addStatus(program: Command): void {
  const command = program
    .command('status')
    .description(
      'how every destination does right now: pace, backlog, gate, limit, workers; what each rule takes',
    );
  addWideOption(command)
    .option('--watch', 'again every second, in place on a terminal')
    .option('--json', 'for machines; with --watch a document a line')
    .addHelpText(
      'after',
      `
Rates are those of one second. Whatever waits, a look costs Redis about a millisecond a destination: what is
in flight comes from the books. Whether they are right is \`meterbridge audit\`, which counts the jobs.

Below: what each rule took of what receivers accepted in the last 14 days, without backfills and replays; and the
names of events that no rule of any destination takes. Both are a few seconds behind, and hints: what a receiver
that is killed had counted in those seconds is missing.

Examples:
  meterbridge status
  meterbridge status --watch
  meterbridge status --json | jq '.places[] | select(.gate.state == "held") | .destination'
  meterbridge status --json | jq '.rules[] | select(.state != "taking"), .untaken[].names[]'

Exit codes: 0 looked, whatever was seen; 1 Redis does not answer; 2 wrong usage.`,
    )
    .action(loadedWhenRun(async () => (await import('./command.js')).status));
}
