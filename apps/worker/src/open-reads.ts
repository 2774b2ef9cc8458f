import type { Destination } from '@meterbridge/destinations';
import { createHttpClient } from '@meterbridge/sender';
import type { OpenedAccount } from './open-account.js';

/** Bounds how long a read is waited for. */
const TIMEOUT_MS = 2_000;
/** Reads that one moment may ask for where nothing limits them. */
const MAX_READS = 200;
const SECONDS_OF_PATIENCE = 2;

/**
 * Opens reads beside sending that no event waits for long: within the account's budget for reads, and over connections of
 * their own.
 */
export function openReads(
  { connection, limit: { readsPerSecond } }: Pick<Destination, 'connection' | 'limit'>,
  account: Pick<OpenedAccount, 'reads'>,
) {
  const http = createHttpClient({ ...connection, timeoutMs: Math.min(TIMEOUT_MS, connection.timeoutMs) });
  return {
    get: http.get,
    limiter: account.reads.limiter,
    /** Reads that may wait at once: those that the budget allows within the patience. */
    maxReads: readsPerSecond === 'unlimited' ? MAX_READS : Math.max(1, readsPerSecond * SECONDS_OF_PATIENCE),
    close: () => http.close(),
  };
}
