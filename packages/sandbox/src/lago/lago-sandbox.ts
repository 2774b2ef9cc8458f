import { type BillingApi, createBillingApi } from '../billing-api.js';
import type { FaultScript } from '../faults.js';
import type { Ledger, LedgerCounts } from '../ledger.js';
import type { SharedOptions } from '../options.js';
import type { TrafficCounts } from '../traffic.js';
import { type BilledUsage, computeBilled } from './billed.js';
import { findTransactionIds } from './create-events.js';
import { type LagoEventJson, toStoredJson } from './event-json.js';
import { createLagoApi } from './lago-api.js';
import type { LagoOptions } from './options.js';
import { type LagoEventCounts, LagoStore } from './store.js';

export type LagoInspection = TrafficCounts & {
  store: LagoOptions['store'];
  faultsFired: number;
  events: LagoEventCounts;
  ledger: LedgerCounts;
  /** Only where `metrics` are given. */
  billed?: BilledUsage[];
};

/** The stand-in for Lago, from inside the process. */
export type LagoSandbox = {
  /** What LAGO_API_URL is to be. */
  url: string;
  faults: FaultScript;
  /** By transaction_id; in ClickHouse one id has an entry per timestamp. Ask anew after a reset. */
  readonly ledger: Pick<Ledger, 'find' | 'firstStoredAtMs' | 'entries' | 'counts' | 'size' | 'ages'>;
  inspect: () => LagoInspection;
  /** What it holds, in order of arrival. Default: all of it. */
  events: (offset?: number, limit?: number) => LagoEventJson[];
  /** Hides an event from whoever reads; sent again, it is still a duplicate. */
  softDelete: (transactionId: string) => void;
  /** Forgets events, counts and faults. */
  reset: () => void;
};

/** Puts Lago together: what tests hold, and what the server serves. */
export function createLagoSandbox(
  options: LagoOptions,
  shared: SharedOptions,
): { api: BillingApi; sandbox: Omit<LagoSandbox, 'url'> } {
  const store = new LagoStore(options, shared);
  const api = createBillingApi(createLagoApi(store, options, shared), findTransactionIds);
  const sandbox: Omit<LagoSandbox, 'url'> = {
    faults: api.faults,
    get ledger() {
      return store.ledger;
    },
    inspect: () => ({
      store: options.store,
      ...api.traffic.counts(),
      faultsFired: api.faults.fired,
      events: structuredClone(store.counts),
      ledger: store.ledger.counts(),
      ...(options.metrics && { billed: computeBilled(store, options.metrics) }),
    }),
    events(offset = 0, limit = store.ledger.size) {
      const end = Math.min(store.ledger.size, offset + limit);
      const events: LagoEventJson[] = [];
      for (let row = offset; row < end; row += 1) events.push(toStoredJson(store.ledger, row, options.store));
      return events;
    },
    softDelete: (transactionId) => store.softDelete(transactionId),
    reset() {
      store.reset();
      api.traffic.reset();
      api.faults.reset();
    },
  };
  return { api, sandbox };
}
