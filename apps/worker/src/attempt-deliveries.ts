import type { Outcome, StoredDelivery, UsageEvent } from '@meterbridge/delivery';
import type { Destination, Sender } from '@meterbridge/destinations';

/**
 * After this many failures in a row a delivery goes alone: it may be what its API answers 500 to, and its
 * neighbours must not fail with it until they expire. In an outage few come so far, since the breaker opens
 * after five failed requests.
 */
const ALONE_AFTER_ATTEMPTS = 3;

/**
 * One attempt at a batch job's deliveries: each event is mapped from its original, and what could be mapped
 * is handed to the sender together. One outcome a delivery, in order. The events themselves are let go of
 * before the wait: they would fill the memory of a worker whose API is slow.
 */
export async function attemptDeliveries(
  destination: Pick<Destination, 'map'>,
  sender: Sender,
  deliveries: StoredDelivery[],
  how: { first?: boolean } = {},
): Promise<Outcome[]> {
  const { usages, outcomes, failedOften } = mapDeliveries(destination, deliveries);
  const sent = (await sender.deliver(usages, { ...how, alone: failedOften })).map((outcome, index) =>
    // Should it die of this, its dead letter shows what was sent.
    outcome.outcome === 'failed' ? { ...outcome, usage: usages[index]!.body } : outcome,
  );
  if (outcomes.length === 0) return sent;
  let next = 0;
  // A hole is a delivery that was mapped, and so sent.
  return Array.from(outcomes, (failed) => failed ?? sent[next++]!);
}

/** What could be mapped, in order, and an outcome for each that could not; none at all where all could. */
function mapDeliveries(destination: Pick<Destination, 'map'>, deliveries: StoredDelivery[]) {
  const usages: UsageEvent[] = [];
  const outcomes: (Outcome | undefined)[] = [];
  const failedOften = new Set<number>();
  for (const [index, delivery] of deliveries.entries()) {
    const mapped = destination.map(delivery.rule, delivery.event);
    if (mapped.ok) {
      if ((delivery.tries?.attempts ?? 0) >= ALONE_AFTER_ATTEMPTS) failedOften.add(usages.length);
      usages.push(mapped.usage);
      continue;
    }
    outcomes[index] = { outcome: 'failed', code: mapped.code, detail: mapped.failure.detail };
  }
  if (outcomes.length > 0) outcomes.length = deliveries.length;
  return { usages, outcomes, failedOften };
}
