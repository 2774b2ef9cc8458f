import { setTimeout as sleep } from 'node:timers/promises';
import type { Gate } from '@meterbridge/delivery';

/** How often the gate is looked at again: it is in memory. */
const LOOK_EVERY_MS = 250;

/** A person's hold as it is met before an event is mapped. */
export type ManualHold = {
  isHeld(): boolean;
  /** Resolves to whether it was let go; false once the process drains. */
  untilReleased(): Promise<boolean>;
};

/**
 * Watches the hold of a destination. While it lasts its jobs wait in hand, unmapped: a person may have stopped it
 * because the mapping is wrong, and what a wrong mapping makes of an event is a dead letter.
 */
export function watchManualHold(current: () => Gate): ManualHold & { drain(): void } {
  const draining = new AbortController();
  const isHeld = () => current().handHold !== null;
  return {
    isHeld,
    async untilReleased() {
      while (isHeld() && !draining.signal.aborted) {
        await sleep(LOOK_EVERY_MS, undefined, { signal: draining.signal }).catch(() => {});
      }
      return !draining.signal.aborted;
    },
    drain: () => draining.abort(),
  };
}
