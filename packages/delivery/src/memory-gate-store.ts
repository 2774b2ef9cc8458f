import { type Gate, OPEN_GATE } from './gate.js';
import type { GateStore } from './ports.js';

/** The gate of a single process, for tests and for trying things out; workers share one through Redis. */
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
