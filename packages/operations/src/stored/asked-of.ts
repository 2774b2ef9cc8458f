import type { StoredDelivery } from '@meterbridge/delivery';
import type { Asked } from '@meterbridge/destinations';
import { mapOf, type Pipeline } from '../pipeline/pipeline.js';

/**
 * What an API is asked for before a delivery is sent: what would be sent, and the kinds that rules of before would have
 * made of it. What was looked up for it before stays. Null for what cannot be mapped: that is not sent. Pure.
 */
export function askedOf(
  pipeline: Pipeline,
  destination: string,
  { rule, event, resolved, sentUnder }: Pick<StoredDelivery, 'rule' | 'event' | 'resolved' | 'sentUnder'>,
): Asked | null {
  const mapped = mapOf(pipeline, destination, sentUnder)?.(rule, event);
  if (!mapped?.ok) return null;
  const of = { messageId: event.messageId, timestamp: event.timestamp };
  const { usage, pending } = mapped;
  if (pending) {
    return resolved?.customer === pending.customer
      ? { ...of, usage: pending.complete(resolved.subscription) }
      : { ...of, pending };
  }
  if (usage.kind === undefined) return { ...of, usage };
  const olderKinds = new Set<string>();
  for (const map of pipeline.kept.get(destination)?.values() ?? []) {
    const older = map(rule, event);
    const kind = older.ok ? older.usage?.kind : undefined;
    if (kind !== undefined && kind !== usage.kind) olderKinds.add(kind);
  }
  return { ...of, usage, olderKinds: [...olderKinds] };
}
