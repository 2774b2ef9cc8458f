import { sampleConfig } from '@meterbridge/testing/sample-config';
import { REDIS_SETTINGS, type StoreKind } from './stores/open-store.js';

/** Requests a second, over both workers together. */
export const LIMITS = { lago: 100, hyperline: 50 };

/** A request that is not answered for this long is given up, and may have been stored. */
export const TIMEOUT_MS = 2_000;

/** On what a scenario is played. */
export type Setting = {
  store: StoreKind;
  /** Left out: the product's own. */
  timeoutMs?: number;
  /** As `LIMITS`, or as the product is shipped. */
  limits: 'low' | 'shipped';
  /** Lago is asked for each customer's subscription: what was found is kept in the job before it is sent. */
  looksUp: boolean;
  /** Half of the processes are of the last released version. */
  isMixed?: true;
  /** A firewall stands before both APIs: see `firewall/`. */
  firewall?: true;
  /** After how many minutes of proofs an event that fails alone is given up. Left out: the product's own. */
  failsAloneAfterMinutes?: number;
};

export const USUAL: Setting = { store: 'single', timeoutMs: TIMEOUT_MS, limits: 'low', looksUp: false };

/** As the product is shipped, but for an hour that a run cannot wait for. */
export const FIREWALLED: Setting = {
  store: 'single',
  limits: 'shipped',
  looksUp: false,
  firewall: true,
  failsAloneAfterMinutes: 0.3,
};

export function configOf(setting: Setting): string {
  const { store, timeoutMs, limits, looksUp, failsAloneAfterMinutes: minutes } = setting;
  const sample = sampleConfig({
    ...(limits === 'low' ? LIMITS : {}),
    timeoutMs,
    looksUp,
    allowsNoModel: true,
  });
  const retry = minutes === undefined ? '' : `retry: { failsAloneAfterMinutes: ${minutes} }\n`;
  return `${sample}${REDIS_SETTINGS[store]}${retry}`;
}
