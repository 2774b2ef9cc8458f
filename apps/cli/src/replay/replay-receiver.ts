import type { Config } from '@meterbridge/config';
import type { DeadLetter } from '@meterbridge/delivery';
import {
  createStoreClock,
  type DeadLetterEntry,
  DeliveryWriter,
  type RejectedEvent,
  removeRejections,
} from '@meterbridge/queue';
import { freezeEvent } from '@meterbridge/segment-events';
import type { Redis } from 'ioredis';

/**
 * Judges the receiver's dead letters again with the limits of now, as if they had just come at the time they
 * came; those that pass are routed and committed, and only then removed. Nobody has vouched for an event with
 * an unknown write key: it stays.
 */
export async function* replayReceiver(
  _name: string,
  entries: AsyncIterable<DeadLetterEntry<DeadLetter | RejectedEvent>>,
  config: Config,
  redis: Redis,
): AsyncGenerator<[what: 'replayed' | 'still no Segment event' | 'of an unknown write key', count: number]> {
  const clock = createStoreClock(redis);
  const destinations = config.destinations.map(({ name }) => name);
  const writer = new DeliveryWriter({ redis, now: clock.now, destinations });
  try {
    await clock.synchronize();
    for await (const { id, reason, letter } of entries) {
      const { raw, source, receivedAt, via } = letter as RejectedEvent;
      if (reason === 'unknown_write_key') {
        yield ['of an unknown write key', 1];
        continue;
      }
      const frozen = freezeEvent(raw, {
        receivedAtMs: Date.parse(receivedAt),
        via: via ?? 'tracking',
        maxEventBytes: config.receiver.eventBytes,
        maxAgeMs: config.receiver.maxEventAgeMs,
        maxFutureMs: config.receiver.maxEventFutureMs,
      });
      if (!frozen.ok) {
        yield ['still no Segment event', 1];
        continue;
      }
      // Its privacy was applied before it was stored.
      const { event, timeFromReceipt } = frozen;
      await writer.commit([{ source, event, timeFromReceipt, routes: config.route(event, source) }], []);
      await removeRejections(redis, [{ id }]);
      yield ['replayed', 1];
    }
  } finally {
    await writer.close();
    clock.stop();
  }
}
