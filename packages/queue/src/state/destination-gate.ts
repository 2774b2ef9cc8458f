import { type Gate, type GateStore, OPEN_GATE } from '@meterbridge/delivery';
import type { Redis } from 'ioredis';
import { createGateStore, type GateStoreOptions, lookAtGate } from './gate-store.js';

/*
 * What an API says is of the billing account, and kept under the account's name, that of its first destination. What
 * a person says is of one destination, and kept under that one's own name. In the first one's gate are both.
 */

/** What stops a destination: all that its account's API said, and its own hold by hand. */
export function gateOfDestination(account: Gate, own: Gate): Gate {
  return { ...account, handHold: own.handHold };
}

/**
 * A destination's gate as workers see it.
 * @param account the gate of its billing account, which many destinations of a process may share; is left open
 * @throws as `createGateStore`
 */
export async function createDestinationGate(
  destination: string,
  account: { name: string; gate: GateStore },
  redis: Redis,
  options: Omit<GateStoreOptions, 'view'>,
): Promise<GateStore> {
  if (destination === account.name) return { ...account.gate, close: async () => {} };
  const own = await createGateStore(destination, redis, { ...options, view: onlyByHand });
  return {
    current() {
      const [kept, mine] = [account.gate.current(), own.current()];
      // Where it could not be asked for a while it waits: somebody may have held it.
      const pausedUntil = Math.max(kept.pausedUntil, mine.pausedUntil);
      return { ...gateOfDestination(kept, mine), pausedUntil };
    },
    async update(change) {
      const after = await account.gate.update((kept) => {
        const seen = gateOfDestination(kept, own.current());
        const changed = change(seen);
        if (changed === null) return null;
        return changed === seen ? kept : { ...changed, handHold: kept.handHold };
      });
      return after && gateOfDestination(after, own.current());
    },
    close: () => own.close(),
  };
}

/** What else stands there is of the time in which it was the first destination of its account. */
function onlyByHand({ handHold }: Gate): Gate {
  return { ...OPEN_GATE, handHold };
}

/** A destination's gate as it is kept now, for somebody who looks. Throws as the client does. */
export async function lookAtDestinationGate(
  destination: string,
  account: string,
  redis: Redis,
): Promise<Gate> {
  const [kept, own] = await Promise.all([lookAtGate(account, redis), lookAtGate(destination, redis)]);
  return gateOfDestination(kept, own);
}
