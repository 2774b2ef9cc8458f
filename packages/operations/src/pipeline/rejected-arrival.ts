import type { Config, Source } from '@meterbridge/config';
import type { RejectedEvent } from '@meterbridge/queue';
import type { Arrival } from './pipeline.js';

/** What of a source is asked of it here. */
export type SourceRules = Pick<Source, 'name' | 'privacy' | 'applyPrivacy' | 'integrationNames'>;

/**
 * A dead letter of the receiver as a replay judges it: by the limits of now, as if it came when it came, its
 * privacy being applied before it was stored. Undefined where nobody has vouched for it: it stays what it is.
 */
export function rejectedArrival(
  { reason, raw, via, receivedAt, sentAt, source: name }: RejectedEvent,
  config: Config,
): { arrival: Arrival; source: SourceRules } | undefined {
  if (reason === 'unknown_write_key') return undefined;
  const configured = config.sources.find((source) => source.name === name);
  return {
    arrival: { raw, sentAt, via: via ?? 'tracking', receivedAtMs: Date.parse(receivedAt) },
    source: { name, integrationNames: configured?.integrationNames ?? [] },
  };
}
