import type { Outcome, StoredDelivery, UsageEvent } from '@meterbridge/delivery';
import type { Destination, Sender } from '@meterbridge/destinations';

/**
 * One attempt at a batch job's deliveries: each event is mapped from its original, and what could be mapped
 * is handed to the sender together. One outcome a delivery, in order.
 */
export async function attemptDeliveries(
  destination: Pick<Destination, 'map'>,
  sender: Sender,
  deliveries: StoredDelivery[],
): Promise<Outcome[]> {
  const outcomes: Outcome[] = new Array(deliveries.length);
  const usages: UsageEvent[] = [];
  const places: number[] = [];
  for (const [index, delivery] of deliveries.entries()) {
    const mapped = destination.map(delivery.rule, delivery.event);
    if (mapped.ok) {
      usages.push(mapped.usage);
      places.push(index);
    } else {
      const { detail } = mapped.failure;
      outcomes[index] = {
        outcome: 'failed',
        code: mapped.code,
        detail,
      };
    }
  }
  const sent = await sender.deliver(usages);
  for (const [i, outcome] of sent.entries()) outcomes[places[i]!] = outcome;
  return outcomes;
}
