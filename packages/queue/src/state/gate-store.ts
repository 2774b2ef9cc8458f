import { randomUUID } from 'node:crypto';
import { type Gate, type GateStore, OPEN_GATE } from '@meterbridge/delivery';
import type { Redis } from 'ioredis';
import { queueKeys } from '../keys/keys.js';
import { every } from '../redis/every.js';
import { writeReplicated } from '../redis/replication.js';
import { defineScript } from '../redis/script.js';
import { SCRIPTS } from '../scripts.generated.js';

const replaceScript = defineScript(SCRIPTS['state/replace-gate']);

/** How old a worker's view of the gate may get, in milliseconds. */
const REFRESH_MS = 200;
/** A view that is older is none: this process stood still, or Redis cannot be asked. */
const STALE_MS = 2_000;

export type GateStoreOptions = {
  /** Epoch milliseconds, by the clock by which the gate is decided. */
  now: () => number;
  /** Told of each change that is seen, whoever made it; the first time, of a gate that is not fresh. */
  onChange?: (gate: Gate, before: Gate) => void;
  /** What of the kept gate counts; all of it where left out. */
  view?: (kept: Gate) => Gate;
};

/**
 * Keeps a destination's gate in Redis, where all workers see it. While Redis is away, and until it was asked
 * again, the gate is shut: others may have shut it, and what is sent could not be settled.
 */
export async function createGateStore(
  destination: string,
  redis: Redis,
  { now, onChange, view = (kept) => kept }: GateStoreOptions,
): Promise<GateStore> {
  const key = queueKeys(destination).gate;
  let seen = '';
  let gate: Gate = OPEN_GATE;
  let askedAt = 0;

  async function refresh(): Promise<void> {
    const asking = performance.now();
    const text = (await redis.get(key)) ?? '';
    askedAt = asking;
    if (text !== seen) apply(text);
  }

  function apply(text: string): void {
    const before = gate;
    seen = text;
    gate = view(readGate(text));
    onChange?.(gate, before);
  }

  // A worker that starts must not send while the others wait.
  await refresh();

  const rounds = every(REFRESH_MS, refresh);

  return {
    current() {
      if (performance.now() - askedAt <= STALE_MS) return gate;
      return { ...gate, pausedUntil: Math.max(gate.pausedUntil, now() + REFRESH_MS) };
    },
    async update(change) {
      for (;;) {
        const changed = change(gate);
        if (!changed) return null;
        if (changed === gate) return gate;
        try {
          const text = await replace(redis, key, seen, changed);
          if (text === null) {
            await refresh();
            continue;
          }
          apply(text);
          return gate;
        } catch {
          // Redis refuses to write (it is full, say): this worker at least keeps to what it knows.
          gate = changed;
          return gate;
        }
      }
    },
    async close() {
      rounds.stop();
    },
  };
}

/** A gate as it is kept now, for somebody who looks. Throws as the client does. */
export async function lookAtGate(name: string, redis: Redis): Promise<Gate> {
  return readGate((await redis.get(queueKeys(name).gate)) ?? '');
}

/**
 * One change by hand, which the workers see within a fifth of a second. Where it changes nothing it is written all
 * the same: what is said to be so is at the replicas.
 * @param replicas have to have it
 * @param change may run again where a worker was faster
 * @returns what it was before, and what is kept now
 * @throws as `writeReplicated`
 */
export async function changeGate(
  destination: string,
  redis: Redis,
  replicas: number,
  change: (gate: Gate) => Gate,
): Promise<{ before: Gate; after: Gate }> {
  const key = queueKeys(destination).gate;
  return writeReplicated(redis, key, replicas, async () => {
    for (;;) {
      const seen = (await redis.get(key)) ?? '';
      const before = readGate(seen);
      const after = change(before);
      if ((await replace(redis, key, seen, after)) !== null) return { before, after };
    }
  });
}

/** The text that is kept from now on; null where another is kept than the one that was seen. */
async function replace(redis: Redis, key: string, seen: string, gate: Gate): Promise<string | null> {
  const text = JSON.stringify({ ...gate, id: randomUUID() });
  return (await replaceScript.run(redis, { gate: key }, { seen, text })) === 1 ? text : null;
}

/** An unreadable gate is an open one: the next answer of the API sets it right. */
function readGate(text: string): Gate {
  try {
    const { pausedUntil, hold, handHold, breaker, lastFailure, accepted, refused } = {
      ...OPEN_GATE,
      ...(JSON.parse(text || '{}') as Partial<Gate>),
    };
    return { pausedUntil, hold, handHold, breaker, lastFailure, accepted, refused };
  } catch {
    return OPEN_GATE;
  }
}
