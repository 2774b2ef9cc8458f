import { setTimeout as sleep } from 'node:timers/promises';
import { heedInterruption } from '../terminal/interruption.js';
import { startProgress } from '../terminal/progress.js';
import type { ReplaySummary, ReplayWatch } from './summary.js';

const LOOK_EVERY_MS = 250;

/**
 * Waits until everything a replay has put back is delivered or dead again. Ctrl-C ends the waiting: what was put
 * back is delivered all the same.
 */
export async function followReplay(
  watch: ReplayWatch,
  state: ReplaySummary['state'],
): Promise<ReplaySummary> {
  const interruption = heedInterruption();
  let summary = await watch.look(state);
  const progress = startProgress('deliveries settled', summary.inFlight);
  let settled = summary.deliveries - summary.inFlight;
  try {
    while (summary.inFlight > 0 && !interruption.isAsked) {
      await sleep(LOOK_EVERY_MS);
      summary = await watch.look(state);
      progress.add(summary.deliveries - summary.inFlight - settled);
      settled = summary.deliveries - summary.inFlight;
    }
    return summary;
  } finally {
    progress.end();
    interruption.end();
  }
}
