import { type Gate, type GateStore, OPEN_GATE } from '@meterbridge/delivery';
import type { Redis } from 'ioredis';
import { queueKeys } from './keys.js';

/** Replaces the gate only where nobody else has in the meantime. */
const REPLACE = `
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1
`;

/** How old a worker's view of the gate may get, in milliseconds. */
const REFRESH_MS = 200;

/**
 * Keeps a destination's gate in Redis, where all workers see it. While Redis is away the last view holds:
 * jobs cannot be settled then either.
 */
export async function createGateStore(destination: string, redis: Redis): Promise<GateStore> {
  const key = queueKeys(destination).gate;
  let seen = '';
  let gate: Gate = OPEN_GATE;

  function take(text: string | null): void {
    if ((text ?? '') === seen) return;
    seen = text ?? '';
    gate = readGate(seen);
  }

  // A worker that starts must not send while the others wait.
  take(await redis.get(key));

  let reading = false;
  const timer = setInterval(() => {
    if (reading) return;
    reading = true;
    redis
      .get(key)
      .then(take, () => {})
      .finally(() => {
        reading = false;
      });
  }, REFRESH_MS);
  timer.unref();

  return {
    current: () => gate,
    async update(change) {
      for (;;) {
        const changed = change(gate);
        if (!changed) return null;
        if (changed === gate) return gate;
        const text = JSON.stringify(changed);
        try {
          if ((await redis.eval(REPLACE, 1, key, seen, text)) === 1) {
            take(text);
            return gate;
          }
          take(await redis.get(key));
        } catch {
          // Redis refuses to write (it is full, say): this worker at least keeps to what it knows.
          gate = changed;
          return gate;
        }
      }
    },
    async close() {
      clearInterval(timer);
    },
  };
}

/** An unreadable gate is an open one: the next answer of the API sets it right. */
function readGate(text: string): Gate {
  try {
    return { ...OPEN_GATE, ...(JSON.parse(text || '{}') as Partial<Gate>) };
  } catch {
    return OPEN_GATE;
  }
}
