import type { Destination } from '@meterbridge/destinations';
import { BillingReader, createHttpClient } from '@meterbridge/sender';
import type { Metrics } from '@meterbridge/telemetry';
import { Lateness } from './lateness.js';
import type { OpenedAccount } from './open-account.js';

/** Bounds how long a read is waited for. */
const TIMEOUT_MS = 2_000;
/** Reads that one moment may ask for where nothing limits them. */
const MAX_READS = 200;
const SECONDS_OF_PATIENCE = 2;
const FATES = ['late_for_its_period', 'after_its_end', 'before_its_start'] as const;

/**
 * Opens what knows of usage whose period was billed before it is sent, within the account's budget for reads and over
 * connections of its own. Null for an API that bills whatever it takes.
 */
export function openLateness(
  { name, billing, connection, limit }: Pick<Destination, 'name' | 'billing' | 'connection' | 'limit'>,
  deps: { account: Pick<OpenedAccount, 'reads'>; now: () => number; metrics: Pick<Metrics, 'late'> },
): { lateness: Lateness; close: () => void } | null {
  if (!billing) return null;
  const { account, now, metrics } = deps;
  // Told from the first moment on, so that the first one is a rise.
  for (const fate of FATES) metrics.late.inc({ destination: name, fate }, 0);
  const { readsPerSecond } = limit;
  const http = createHttpClient({ ...connection, timeoutMs: Math.min(TIMEOUT_MS, connection.timeoutMs) });
  const reader = new BillingReader({
    billing,
    get: http.get,
    limiter: account.reads.limiter,
    maxReads: readsPerSecond === 'unlimited' ? MAX_READS : Math.max(1, readsPerSecond * SECONDS_OF_PATIENCE),
    now,
  });
  return { lateness: new Lateness(billing, reader), close: () => http.close() };
}
