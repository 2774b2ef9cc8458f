import type { Outcome, StoredDelivery, UsageEvent } from '@meterbridge/delivery';
import type { Sender } from '@meterbridge/destinations';
import type { MapDelivery } from './rule-versions.js';
import { type Lookups, type Pending, sendAsFound } from './send-as-found.js';

/**
 * After this many failures in a row a delivery goes alone: it may be what its API answers 500 to, and its
 * neighbours must not fail with it until they expire. In an outage few come so far, since the breaker opens
 * after five failed requests.
 */
const ALONE_AFTER_ATTEMPTS = 3;

/**
 * One attempt at a batch job's deliveries: each event is mapped from its original, and what could be mapped
 * is handed to the sender together; what lacks its subscription follows as that is found. One outcome a
 * delivery, in order. The events themselves are let go of before the wait: they would fill the memory of a
 * worker whose API is slow.
 */
export async function attemptDeliveries(
  map: MapDelivery,
  sender: Sender,
  deliveries: StoredDelivery[],
  how: { first?: boolean } = {},
  lookups?: Lookups,
): Promise<Outcome[]> {
  const { usages, outcomes, failedOften, pending } = mapDeliveries(map, deliveries);
  const deliver = async (ready: UsageEvent[], alone: ReadonlySet<number>) =>
    (await sender.deliver(ready, { ...how, alone })).map((outcome, index) =>
      // Should it die of this, its dead letter shows what was sent.
      outcome.outcome === 'failed' ? { ...outcome, usage: ready[index]!.body } : outcome,
    );
  const sending = deliver(usages, failedOften);
  if (pending.length > 0) {
    if (!lookups) throw new Error('a rule has subscriptions looked up, and nobody is there to do it');
    const found = await sendAsFound(pending, lookups, deliver);
    for (const [index, outcome] of found) outcomes[index] = outcome;
    outcomes.length = deliveries.length;
  }
  const sent = await sending;
  if (outcomes.length === 0) return sent;
  let next = 0;
  // A hole is a delivery that was mapped, and so sent.
  return Array.from(outcomes, (known) => known ?? sent[next++]!);
}

/** It waits: by other rules it could be a second usage event for what its API has. */
const RULES_UNKNOWN: Outcome = {
  outcome: 'failed',
  code: 'unexpected_answer',
  detail: 'it may have arrived, and the rules that it was sent under are not kept: nobody knows what it was',
};

/** What could be mapped, in order, and an outcome for each that could not; none at all where all could. */
function mapDeliveries(map: MapDelivery, deliveries: StoredDelivery[]) {
  const usages: UsageEvent[] = [];
  const outcomes: (Outcome | undefined)[] = [];
  const failedOften = new Set<number>();
  const pending: Pending[] = [];
  for (const [index, delivery] of deliveries.entries()) {
    const mapped = map(delivery);
    if (mapped === 'unknown') {
      outcomes[index] = RULES_UNKNOWN;
      continue;
    }
    if (!mapped.ok) {
      outcomes[index] = { outcome: 'failed', code: mapped.code, detail: mapped.failure.detail };
      continue;
    }
    const isAlone = (delivery.tries?.attempts ?? 0) >= ALONE_AFTER_ATTEMPTS;
    if (mapped.usage) {
      if (isAlone) failedOften.add(usages.length);
      usages.push(mapped.usage);
    } else pending.push({ index, isAlone, usage: mapped.pending, ...asKept(mapped.pending, delivery) });
  }
  if (outcomes.length > 0) outcomes.length = deliveries.length;
  return { usages, outcomes, failedOften, pending };
}

/** What was found before it was first sent stays, as long as the mapping names the same customer. */
function asKept({ customer }: Pending['usage'], { resolved }: StoredDelivery): Pick<Pending, 'kept'> {
  return resolved?.customer === customer ? { kept: resolved.subscription } : {};
}
