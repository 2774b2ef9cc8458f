import Bottleneck from 'bottleneck';
import { Redis } from 'ioredis';
import type { SharedPacerOptions } from './shared-pacer.js';

/** One bottleneck with its own connection, from opening it to its first failure. */
export type BottleneckRun = {
  /** True once the slot is there; false when this bottleneck has failed or was closed before that. */
  takeSlot(): Promise<boolean>;
  close(): void;
};

/** A command that gets no answer for so long is sent again on a new connection. */
const ANSWER_TIMEOUT_MS = 10_000;
/** Redis forgets a process that is silent for longer: wide enough for clocks that differ a little. */
const CLIENT_TIMEOUT_MS = 60_000;
/** Redis forgets a slot of a process that died while it held it. */
const SLOT_EXPIRATION_MS = 60_000;

export function openBottleneck({ id, minTimeMs, redisUrl, onProblem }: SharedPacerOptions): BottleneckRun {
  const client = new Redis(redisUrl, { maxRetriesPerRequest: null, socketTimeout: ANSWER_TIMEOUT_MS });
  // Told once per outage, not at every try to connect.
  let isReachable = true;
  client.on('ready', () => {
    isReachable = true;
  });
  client.on('error', () => {
    if (isReachable) onProblem('redis_unreachable');
    isReachable = false;
  });
  // One connection object a limiter: several on one hang. Without `Redis`, bottleneck looks for ioredis in
  // its own folder, where a strict package manager has not put it.
  const connection = new Bottleneck.IORedisConnection({ Redis, client });
  connection.on('error', () => {});
  const limiter = new Bottleneck({
    id: `meterbridge-${id}`,
    minTime: minTimeMs,
    clientTimeout: CLIENT_TIMEOUT_MS,
    connection,
  });

  const waiting = new Map<string, (granted: boolean) => void>();
  let hasFailed = false;

  function fail(): void {
    if (hasFailed) return;
    hasFailed = true;
    connection.disconnect(false);
    void limiter.disconnect(false);
    for (const [jobId, settle] of waiting) {
      // A slot that is reserved already comes by a local timer, whatever Redis says since.
      if (limiter.jobStatus(jobId) !== 'RUNNING') settle(false);
    }
  }

  // Only scripts that Redis refused come here: a lost connection is healed by sending again.
  limiter.on('error', fail);
  const ready = limiter
    .ready()
    // The rate of the first who ever came is kept in Redis; what is configured now has to win.
    .then(() => limiter.updateSettings({ minTime: minTimeMs }))
    .catch(fail);

  return {
    takeSlot: () =>
      new Promise((resolve) => {
        const jobId = nextJobId();
        const settle = (granted: boolean) => {
          waiting.delete(jobId);
          resolve(granted);
        };
        waiting.set(jobId, settle);
        void ready.then(() => {
          if (hasFailed) return settle(false);
          // Settled by the slot itself: bottleneck's own promise would wait for Redis once more.
          const slot = async () => settle(true);
          limiter.schedule({ id: jobId, expiration: SLOT_EXPIRATION_MS }, slot).catch(fail);
        });
      }),
    close() {
      fail();
      // Clears the timers of slots that nobody waits for any more.
      void limiter.stop().catch(() => {});
    },
  };
}

let jobs = 0;
function nextJobId(): string {
  jobs += 1;
  return `slot-${jobs}`;
}
