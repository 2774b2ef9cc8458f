import { type Status, watchStatus } from '@meterbridge/operations';
import { withOperations } from '../../load-context.js';
import { untilSignal } from '../../terminal/interruption.js';
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
