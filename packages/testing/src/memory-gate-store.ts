import { type Gate, type GateStore, OPEN_GATE } from '@meterbridge/delivery';

/** The gate of a single process; workers share one through Redis. */
export function createMemoryGateStore(): GateStore {
  let gate: Gate = OPEN_GATE;
  return {
    current: () => gate,
    async update(change) {
      const changed = change(gate);
      if (changed) gate = changed;
      return changed;
    },
    async close() {},
  };
}
