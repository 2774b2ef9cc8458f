import { type Status, watchStatus } from '@meterbridge/operations';
import { changedEnvWords, withRunningSystem } from '../../load-context.js';
import { untilSignal } from '../../terminal/interruption.js';
import { clearTerminal, print } from '../../terminal/print.js';
import { style } from '../../terminal/style.js';
import { type TableOptions, tableWidth } from '../../terminal/table.js';
import { printText } from '../../terminal/wrap-text.js';
import { renderStatus } from './render-status.js';

export type StatusOptions = TableOptions & { watch?: boolean; json?: boolean };

/** How every destination does right now; with `watch` until Ctrl-C, which is the end and no failure. */
export async function status(options: StatusOptions): Promise<void> {
  // It only looks: nothing is in hand.
  if (options.watch) void untilSignal().then(() => process.exit());
  await withRunningSystem(async (ops) => {
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
  const changed = changedEnvWords();
  if (changed !== null) printText(style('yellow', `.env: ${changed}`));
  if (isInPlace) print('\nCtrl-C ends it.');
}
