import type { Config } from '@meterbridge/config';
import type { Gate } from '@meterbridge/delivery';
import {
  type Counters,
  countWorkers,
  type LateTotal,
  lookAtDestinationGate,
  lookAtGate,
  RECEIVER,
  readCounters,
  readEventsStore,
  readLateUsage,
  readMemory,
  readsOf,
} from '@meterbridge/queue';
import { countStarts } from '@meterbridge/rate-limiter';
import type { Redis } from 'ioredis';
import { type Activity, readActivity } from '../activity/read-activity.js';
import { allDestinations } from '../destinations.js';

/** What is seen of one destination at one moment, or of the receiver's own dead letters. */
export type PlaceSnapshot = {
  standing: Counters;
  /** The receiver sends nothing, and has none. */
  gate?: Gate;
  /** The gate of what is asked of its billing account beside events. */
  readsGate?: Gate;
  /** Requests of its billing account that started within the last second. */
  requestsPerSecond?: number;
  /** What of them is allowed; left out where nothing limits them, or it is not configured any more. */
  limit?: number;
  /** Left out where Redis does not tell. */
  workers?: number;
  /** Where its API keeps events, as a worker was told; null where none was. */
  eventsStore: string | null;
  /** Usage that was delivered and may never be billed, by month, owner and kind. */
  lateUsage: LateTotal[];
  isConfigured: boolean;
};

/** Everything of one moment. Costs Redis about a millisecond a destination, however much waits. */
export type Snapshot = {
  /** Epoch milliseconds, by Redis' clock. */
  at: number;
  places: PlaceSnapshot[];
  activity: Activity;
  memory: { usedBytes: number; limitBytes: number };
};

/** Looks at what is configured, and at what is not any more and still has something. */
export async function takeSnapshot(config: Config, redis: Redis, now: () => number): Promise<Snapshot> {
  const names = await allDestinations(config, redis);
  const [workersOf, memory] = await Promise.all([countWorkers(redis), readMemory(redis)]);
  const at = now();
  const places = await Promise.all(
    names.map(async (name): Promise<PlaceSnapshot> => {
      const account = config.billingAccounts.get(name) ?? name;
      const configured = config.destinations.find((each) => each.name === name);
      const limit = configured?.limit.requestsPerSecond;
      const [standing, gate, readsGate, requestsPerSecond, eventsStore, lateUsage] = await Promise.all([
        readCounters(name, redis),
        lookAtDestinationGate(name, account, redis),
        lookAtGate(readsOf(account), redis),
        limit === 'unlimited' ? undefined : countStarts(account, redis),
        readEventsStore(redis, name),
        readLateUsage(name, redis),
      ]);
      return {
        standing,
        gate,
        readsGate,
        requestsPerSecond,
        limit: typeof limit === 'number' ? limit : undefined,
        workers: workersOf?.(name),
        eventsStore,
        lateUsage,
        isConfigured: configured !== undefined,
      };
    }),
  );
  const hasSomething = ({ standing, isConfigured }: PlaceSnapshot) =>
    isConfigured || standing.inFlight > 0 || standing.dead > 0;
  const receiver = {
    standing: await readCounters(RECEIVER, redis),
    eventsStore: null,
    lateUsage: [],
    isConfigured: true,
  };
  const activity = await readActivity(config, redis, at);
  return { at, places: [...places.filter(hasSomething), receiver], activity, memory };
}
