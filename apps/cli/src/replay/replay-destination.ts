import type { Config } from '@meterbridge/config';
import { type DeadLetter, reviveDeadLetter, type StoredDelivery } from '@meterbridge/delivery';
import { type DeadLetterEntry, type RejectedEvent, reviveDeadLetters } from '@meterbridge/queue';
import type { Redis } from 'ioredis';

const BATCH = 100;

/**
 * Puts a destination's dead letters back in batches and yields what became of each batch. An entry whose
 * rule is no longer configured is routed anew; one that no rule takes stays where it is.
 */
export async function* replayDestination(
  destination: string,
  entries: AsyncIterable<DeadLetterEntry<DeadLetter | RejectedEvent>>,
  config: Config,
  redis: Redis,
): AsyncGenerator<[what: 'replayed' | 'taken by no rule', count: number]> {
  const rules = new Set(
    config.destinations.find(({ name }) => name === destination)!.rules.map(({ name }) => name),
  );
  let batch: { entries: { id: string }[]; deliveries: StoredDelivery[] } = { entries: [], deliveries: [] };
  const flush = async () => {
    const full = batch;
    batch = { entries: [], deliveries: [] };
    if (full.entries.length > 0) await reviveDeadLetters(destination, redis, full.entries, full.deliveries);
    return full.entries.length;
  };
  for await (const { id, at, letter } of entries) {
    const delivery = reviveDeadLetter(letter as DeadLetter, at);
    const takers = rules.has(delivery.rule)
      ? [delivery.rule]
      : config.route(delivery.event, delivery.source).find((route) => route.destination === destination)!
          .rules;
    if (takers.length === 0) {
      yield ['taken by no rule', 1];
      continue;
    }
    batch.entries.push({ id });
    batch.deliveries.push(...takers.map((rule) => ({ ...delivery, rule })));
    if (batch.entries.length >= BATCH) yield ['replayed', await flush()];
  }
  const rest = await flush();
  if (rest > 0) yield ['replayed', rest];
}
