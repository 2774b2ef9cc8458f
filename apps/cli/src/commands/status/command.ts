import { type Status, watchStatus } from '@meterbridge/operations';
import type { Command } from 'commander';
import { withOperations } from '../../load-context.js';
import { untilSignal } from '../up/command.js';
import { renderStatus } from './render-status.js';

export type StatusOptions = { watch?: boolean; json?: boolean };

/** To the top of the terminal, and everything below it away. */
const CLEAR = '\x1b[H\x1b[2J';

/** How every destination does right now; with `watch` until Ctrl-C, which is the end and no failure. */
export async function status({ watch = false, json = false }: StatusOptions): Promise<void> {
  // It only looks: nothing is in hand.
  if (watch) void untilSignal().then(() => process.exit());
  await withOperations(async (ops) => {
    for await (const found of watchStatus(ops)) {
      print(found, { watch, json });
      if (!watch) return;
    }
  });
}

function print(found: Status, { watch, json }: Required<StatusOptions>): void {
  if (json) {
    console.log(JSON.stringify(found, null, watch ? undefined : 2));
    return;
  }
  const isInPlace = watch && process.stdout.isTTY;
  console.log(`${isInPlace ? CLEAR : ''}${renderStatus(found)}`);
  if (isInPlace) console.log('\nCtrl-C ends it.');
}

/** `meterbridge status` */
export function addStatus(program: Command): void {
  program
    .command('status')
    .description(
      'how every destination does right now: pace, backlog, gate, limit, workers; what each rule takes',
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
