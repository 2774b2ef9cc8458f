import { type Status, watchStatus } from '@meterbridge/operations';
import type { Command } from 'commander';
import { withOperations } from '../../load-context.js';
import { clearTerminal, print } from '../../terminal/print.js';
import { type TableOptions, tableWidth } from '../../terminal/table.js';
import { addWideOption } from '../../terminal/wide-option.js';
import { untilSignal } from '../up/command.js';
import { renderStatus } from './render-status.js';

export type StatusOptions = TableOptions & { watch?: boolean; json?: boolean };

/** How every destination does right now; with `watch` until Ctrl-C, which is the end and no failure. */
export async function status(options: StatusOptions): Promise<void> {
  // It only looks: nothing is in hand.
  if (options.watch) void untilSignal().then(() => process.exit());
  await withOperations(async (ops) => {
    for await (const found of watchStatus(ops)) {
      printStatus(found, options);
      if (!options.watch) return;
    }
  });
}

function printStatus(found: Status, { watch, json, wide }: StatusOptions): void {
  if (json) {
    print(JSON.stringify(found, null, watch ? undefined : 2));
    return;
  }
  const isInPlace = watch && process.stdout.isTTY;
  if (isInPlace) clearTerminal();
  print(renderStatus(found, tableWidth({ wide })));
  if (isInPlace) print('\nCtrl-C ends it.');
}

/** `meterbridge status` */
export function addStatus(program: Command): void {
  addWideOption(
    program
      .command('status')
      .description(
        'how every destination does right now: pace, backlog, gate, limit, workers; what each rule takes',
      ),
  )
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
    .action(status);
}
