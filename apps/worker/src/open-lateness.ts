import { LATE_FATES } from '@meterbridge/delivery';
import type { Destination } from '@meterbridge/destinations';
import { BillingReader } from '@meterbridge/sender';
import type { WorkerMetrics } from '@meterbridge/telemetry';
import { Lateness } from './lateness.js';
import type { OpenedAccount } from './open-account.js';
import { openReads } from './open-reads.js';

/**
 * Opens what knows of usage whose period was billed before it is sent, in reads of its own. Null for an API that bills whatever it takes.
 */
export function openLateness(
  destination: Pick<Destination, 'name' | 'billing' | 'connection' | 'limit'>,
  deps: { account: Pick<OpenedAccount, 'reads'>; now: () => number; metrics: Pick<WorkerMetrics, 'late'> },
): { lateness: Lateness; close: () => void } | null {
  const { name, billing } = destination;
  if (!billing) return null;
  const { account, now, metrics } = deps;
  // Told from the first moment on, so that the first one is a rise.
  for (const fate of LATE_FATES) metrics.late.inc({ destination: name, fate }, 0);
  const { close, ...reads } = openReads(destination, account);
  const reader = new BillingReader({ ...reads, billing, now });
  return { lateness: new Lateness(billing, reader), close };
}
