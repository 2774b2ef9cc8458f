import { sampleConfig } from '@meterbridge/testing/sample-config';
import { REDIS_SETTINGS, type StoreKind } from './stores/open-store.js';

/** Requests a second, over both workers together. */
export const LIMITS = { lago: 100, hyperline: 50 };

/** A request that is not answered for this long is given up, and may have been stored. */
export const TIMEOUT_MS = 2_000;

/** On what a scenario is played. */
export type Setting = {
  store: StoreKind;
  timeoutMs: number;
  /** Lago is asked for each customer's subscription: what was found is kept in the job before it is sent. */
  looksUp: boolean;
};

export const USUAL: Setting = { store: 'single', timeoutMs: TIMEOUT_MS, looksUp: false };

export function configOf({ store, timeoutMs, looksUp }: Setting): string {
  return `${sampleConfig({ ...LIMITS, timeoutMs, looksUp, allowsNoModel: true })}${REDIS_SETTINGS[store]}`;
}
