import type { SentUsage, UsageIdentity } from '../destination.js';

/** Of a body that `write-usage.ts` wrote. */
export function readHyperlineUsage(body: string): SentUsage {
  const sent = JSON.parse(body) as Record<'customer_id' | 'event_type' | 'timestamp', string> & {
    record: { id: string };
  };
  return {
    usageId: sent.record.id,
    owner: sent.customer_id,
    code: sent.event_type,
    timestamp: Date.parse(sent.timestamp),
  };
}

/** One record of a type is one thing, whosever it is, and its newest timestamp counts (see `hyperlineKey`). */
export const hyperlineUsageIdentity: UsageIdentity = { fields: ['usageId', 'code'], inEffect: 'newest' };
