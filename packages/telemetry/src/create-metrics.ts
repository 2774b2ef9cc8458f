import { setTimeout as sleep } from 'node:timers/promises';
import { Registry } from 'prom-client';
import { createMeters, createStatusGauges } from './meters.js';

/** Whether a destination is being sent to; `held` waits for a person, `open` for the API to get well. */
export type BreakerState = 'closed' | 'open' | 'half-open' | 'held';

const BREAKER_STATES: BreakerState[] = ['closed', 'open', 'half-open', 'held'];

/** What only Redis knows of a destination, or of the receiver's own dead letters, for all processes together. */
export type DestinationStatus = {
  destination: string;
  /** Deliveries that are accepted and not settled. */
  inFlight: number;
  /** Since the oldest of them was received; 0 when there is none. */
  oldestEventAgeMs: number;
  /** Dead letters that lie there. */
  dead: number;
  /** Dead letters that were discarded, and not brought back. */
  discarded: number;
  /**
   * What was accepted minus what became of it: anything but zero is a bug or a loss. Counted from the jobs now
   * and then; left out where that was not done yet.
   */
  difference?: number;
  /** Where it has not added up for a while, a few lines at most: in which shard, ISO hour and source. */
  differences?: { shard: string; hour: string; source: string; difference: number }[];
  /** The receiver has none. */
  breaker?: BreakerState;
};

/** Redis away must not keep a scrape waiting. */
const STATUS_DEADLINE_MS = 1_000;

export type Metrics = ReturnType<typeof createMetrics>;

/**
 * Makes the meters of one process, in a registry of their own. Names say what is counted and its base unit;
 * labels have few values: destination, source, route, reason, status.
 */
export function createMetrics() {
  const registry = new Registry();
  const meters = createMeters(registry);
  const gauges = createStatusGauges(registry);
  const readers: ReadStatus[] = [];
  return {
    ...meters,
    /** Has the destinations' status read anew for each scrape. */
    watchDestinations(read: ReadStatus): void {
      readers.push(read);
    },
    /** The text for `/metrics`, within about a second even if the status cannot be read. */
    async render(): Promise<{ contentType: string; text: string }> {
      // What cannot be read is absent: an old number would look like a true one.
      for (const gauge of Object.values(gauges)) gauge.reset();
      for (const status of await readInTime(readers)) showStatus(gauges, status);
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
  };
}

type ReadStatus = () => Promise<DestinationStatus[]>;

/** None of them where one does not answer within the deadline; without one that fails. */
async function readInTime(readers: readonly ReadStatus[]): Promise<DestinationStatus[]> {
  if (readers.length === 0) return [];
  const late = new AbortController();
  const deadline = sleep(STATUS_DEADLINE_MS, [], { signal: late.signal });
  const all = Promise.all(readers.map((read) => read().catch(() => [])));
  const found = await Promise.race([all, deadline]);
  late.abort();
  deadline.catch(() => {});
  return found.flat();
}

function showStatus(gauges: ReturnType<typeof createStatusGauges>, status: DestinationStatus): void {
  const { destination, inFlight, oldestEventAgeMs, dead, discarded, difference, breaker } = status;
  const { differences = [] } = status;
  gauges.inFlight.set({ destination }, inFlight);
  gauges.oldestAge.set({ destination }, oldestEventAgeMs / 1_000);
  gauges.deadLetters.set({ destination }, dead);
  gauges.discarded.set({ destination }, discarded);
  if (difference !== undefined) gauges.difference.set({ destination }, difference);
  for (const { difference: value, ...place } of differences) {
    gauges.differenceByHour.set({ destination, ...place }, value);
  }
  if (!breaker) return;
  for (const state of BREAKER_STATES) {
    gauges.breaker.set({ destination, state }, state === breaker ? 1 : 0);
  }
}
