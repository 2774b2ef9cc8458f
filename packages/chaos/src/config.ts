import { sampleConfig } from '@meterbridge/testing/sample-config';

/** Requests a second, over both workers together. */
export const LIMITS = { lago: 100, hyperline: 50 };

/** A request that is not answered for this long is given up, and may have been stored. */
export const TIMEOUT_MS = 2_000;

export const CONFIG = sampleConfig({ ...LIMITS, timeoutMs: TIMEOUT_MS });
