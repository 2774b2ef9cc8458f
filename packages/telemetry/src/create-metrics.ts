import { setTimeout as sleep } from 'node:timers/promises';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

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

const EVENTS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000];
const ANSWER_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const REQUEST_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const WAIT_SECONDS = [0.001, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300];

/** Redis away must not keep a scrape waiting. */
const STATUS_DEADLINE_MS = 1_000;

export type Metrics = ReturnType<typeof createMetrics>;

/**
 * Makes the meters of one process, in a registry of their own. Names say what is counted and its base unit;
 * labels have few values: destination, source, route, reason, status.
 */
export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];

  function counter<T extends string>(name: string, help: string, labelNames: T[]): Counter<T> {
    return new Counter({ name: `meterbridge_${name}`, help, labelNames, registers });
  }
  function gauge<T extends string>(name: string, help: string, labelNames: T[]): Gauge<T> {
    return new Gauge({ name: `meterbridge_${name}`, help, labelNames, registers });
  }
  function histogram<T extends string>(
    name: string,
    help: string,
    buckets: number[],
    labelNames: T[],
  ): Histogram<T> {
    return new Histogram({ name: `meterbridge_${name}`, help, labelNames, buckets, registers });
  }

  const meters = {
    httpRequests: counter('http_requests_total', 'Requests answered', ['route', 'status']),
    httpDuration: histogram(
      'http_request_duration_seconds',
      'From the first byte of a request to its answer',
      ANSWER_SECONDS,
      ['route'],
    ),
    received: counter('events_received_total', 'Segment events received, good and bad', ['source']),
    rejected: counter(
      'events_rejected_total',
      'Events that are no Segment events: dead letters of the receiver',
      ['source', 'reason'],
    ),
    accepted: counter('deliveries_accepted_total', 'Deliveries that are safely queued, and filtered events', [
      'destination',
    ]),
    filtered: counter('deliveries_filtered_total', 'Events that no rule of a destination takes', [
      'destination',
    ]),
    committedBatch: histogram('committed_batch_events', 'Events in a queued job', EVENTS, ['destination']),
    delivered: counter('deliveries_delivered_total', 'Deliveries the API took', ['destination']),
    duplicate: counter('deliveries_duplicate_total', 'Deliveries the API had already: success', [
      'destination',
    ]),
    duplicatesCompared: counter(
      'duplicates_compared_total',
      'Duplicates by what was found when they were compared with what the API holds, and those that were not',
      ['destination', 'found'],
    ),
    dead: counter('deliveries_dead_total', 'Deliveries that became dead letters', ['destination', 'reason']),
    settlementsRefused: counter(
      'settlements_refused_total',
      'Settlements that were not written: another hand has gone on with the job (stale), or it is gone',
      ['destination', 'result'],
    ),
    requestEvents: histogram('destination_request_events', 'Usage events in a request to an API', EVENTS, [
      'destination',
    ]),
    largeUsage: counter(
      'large_usage_events_total',
      'Usage events sent that come near what the API can store of one, or are beyond it',
      ['destination'],
    ),
    requestDuration: histogram(
      'destination_request_duration_seconds',
      'From sending a request to an API to its answer',
      REQUEST_SECONDS,
      ['destination', 'status'],
    ),
    limiterWait: histogram('limiter_wait_seconds', 'From asking for a slot to having it', WAIT_SECONDS, [
      'destination',
    ]),
    eventsStore: gauge('events_store', '1 for the store that the API keeps events in, where it says so', [
      'destination',
      'store',
    ]),
    limiterProblems: counter('limiter_problems_total', 'What a rate limiter recovered from', [
      'destination',
      'problem',
    ]),
  };
  const status = {
    inFlight: gauge('deliveries_in_flight', 'Deliveries accepted and not settled, over all processes', [
      'destination',
    ]),
    oldestAge: gauge('oldest_event_age_seconds', 'Age of the oldest delivery that is not settled', [
      'destination',
    ]),
    deadLetters: gauge('dead_letters', 'Dead letters that lie there, over all processes', ['destination']),
    discarded: gauge('dead_letters_discarded', 'Dead letters that were discarded, and not brought back', [
      'destination',
    ]),
    difference: gauge(
      'account_difference',
      'Accepted minus what became of it, counted now and then: anything but 0 is a loss or a bug',
      ['destination'],
    ),
    differenceByHour: gauge(
      'account_difference_by_hour',
      'Where the account has not added up for a minute, and by how much; absent where it does',
      ['destination', 'shard', 'hour', 'source'],
    ),
    breaker: gauge('breaker_state', '1 for the state the destination is in', ['destination', 'state']),
  };
  const readers: (() => Promise<DestinationStatus[]>)[] = [];

  async function readStatus(): Promise<void> {
    // What cannot be read is absent: an old number would look like a true one.
    for (const meter of Object.values(status)) meter.reset();
    const late = new AbortController();
    const deadline = sleep(STATUS_DEADLINE_MS, [], { signal: late.signal });
    const all = Promise.all(readers.map((read) => read().catch(() => [])));
    const found = await Promise.race([all, deadline]);
    late.abort();
    deadline.catch(() => {});
    for (const each of found.flat()) {
      const { destination, inFlight, oldestEventAgeMs, dead, discarded, difference, breaker } = each;
      const { differences = [] } = each;
      status.inFlight.set({ destination }, inFlight);
      status.oldestAge.set({ destination }, oldestEventAgeMs / 1_000);
      status.deadLetters.set({ destination }, dead);
      status.discarded.set({ destination }, discarded);
      if (difference !== undefined) status.difference.set({ destination }, difference);
      for (const { difference: value, ...place } of differences) {
        status.differenceByHour.set({ destination, ...place }, value);
      }
      if (!breaker) continue;
      for (const state of BREAKER_STATES) {
        status.breaker.set({ destination, state }, state === breaker ? 1 : 0);
      }
    }
  }

  return {
    ...meters,
    /** Has the destinations' status read anew for each scrape. */
    watchDestinations(read: () => Promise<DestinationStatus[]>): void {
      readers.push(read);
    },
    /** The text for `/metrics`, within about a second even if the status cannot be read. */
    async render(): Promise<{ contentType: string; text: string }> {
      if (readers.length > 0) await readStatus();
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
  };
}
