import { type BillingApi, createBillingApi } from '../billing-api.js';
import type { FaultScript } from '../faults.js';
import type { Flaws } from '../flaws.js';
import type { Ledger, LedgerCounts } from '../ledger.js';
import type { SharedOptions } from '../options.js';
import type { TrafficCounts } from '../traffic.js';
import { createHyperlineApi } from './hyperline-api.js';
import { findRecordIds } from './ingest.js';
import { type HyperlineEventJson, toHyperlineJson } from './list-events.js';
import type { HyperlineOptions } from './options.js';
import { type HyperlineEventCounts, type HyperlineIncident, HyperlineStore } from './store.js';

export type HyperlineInspection = TrafficCounts & {
  faultsFired: number;
  events: HyperlineEventCounts;
  ledger: LedgerCounts;
  /** Conflicts and thefts, the first thousand. */
  incidents: HyperlineIncident[];
};

/** The stand-in for Hyperline, from inside the process. */
export type HyperlineSandbox = {
  /** What HYPERLINE_API_URL is to be. */
  url: string;
  faults: FaultScript;
  /** Makes it hold something else than what it has answered for, and says of which events. */
  flaws: Pick<Flaws, 'set' | 'ids'>;
  /** By record.id; one id has an entry per event_type. Ask anew after a reset. */
  readonly ledger: Pick<Ledger, 'find' | 'firstStoredAtMs' | 'entries' | 'counts' | 'size' | 'ages'>;
  inspect: () => HyperlineInspection;
  /** What is in effect, one a key, in order of first arrival. Default: all of it. */
  events: (offset?: number, limit?: number) => HyperlineEventJson[];
  /** Forgets events, counts and faults. */
  reset: () => void;
};

/** Puts Hyperline together: what tests hold, and what the server serves. */
export function createHyperlineSandbox(
  options: HyperlineOptions,
  shared: SharedOptions,
): { api: BillingApi; sandbox: Omit<HyperlineSandbox, 'url'> } {
  const store = new HyperlineStore(options, shared);
  const api = createBillingApi(createHyperlineApi(store, options, shared), findRecordIds);
  const sandbox: Omit<HyperlineSandbox, 'url'> = {
    faults: api.faults,
    flaws: store.flaws,
    get ledger() {
      return store.ledger;
    },
    inspect: () => ({
      ...api.traffic.counts(),
      faultsFired: api.faults.fired,
      events: structuredClone(store.counts),
      ledger: store.ledger.counts(),
      incidents: [...store.incidents],
    }),
    events(offset = 0, limit = store.ledger.size) {
      const end = Math.min(store.ledger.size, offset + limit);
      const events: HyperlineEventJson[] = [];
      for (let row = offset; row < end; row += 1) events.push(toHyperlineJson(store, row));
      return events;
    },
    reset() {
      store.reset();
      api.traffic.reset();
      api.faults.reset();
    },
  };
  return { api, sandbox };
}
