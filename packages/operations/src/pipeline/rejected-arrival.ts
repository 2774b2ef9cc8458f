import type { Config, Source } from '@meterbridge/config';
import { type Arrival, type EventSource, type RejectedEvent, wayOf } from '@meterbridge/segment-events';

/**
 * A dead letter of the receiver as a replay judges it: by the limits of now, as if it came when it came, its
 * privacy being applied before it was stored. One that was imported may not say how it came. Undefined where no source
 * has vouched for it: it stays what it is.
 * @param vouching the source that a person names for what no source has vouched for; its own privacy is still to come
 */
export function rejectedArrival(
  { reason, raw, via, receivedAt, sentAt, source: name }: RejectedEvent,
  config: Config,
  vouching?: Source,
): { arrival: Arrival; source: EventSource } | undefined {
  const arrival = { raw, sentAt, way: wayOf(via ?? 'tracking'), receivedAtMs: Date.parse(receivedAt) };
  if (reason === 'unknown_write_key') return vouching && { arrival, source: vouching };
  const configured = config.sources.find((source) => source.name === name);
  return {
    arrival,
    source: { name, integrationNames: configured?.integrationNames ?? [] },
  };
}
