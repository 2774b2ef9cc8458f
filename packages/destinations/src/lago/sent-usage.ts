import type { SentUsage, UsageIdentity } from '../destination.js';

/** Of a body that `write-usage.ts` wrote. */
export function readLagoUsage(body: string): SentUsage {
  const sent = JSON.parse(body) as Record<
    'transaction_id' | 'external_subscription_id' | 'code' | 'timestamp',
    string
  >;
  return {
    usageId: sent.transaction_id,
    owner: sent.external_subscription_id,
    code: sent.code,
    timestamp: Math.round(Number(sent.timestamp) * 1_000),
  };
}

/**
 * One transaction_id of a subscription is taken once, under whichever code it came first (lago-api: structure.sql, the
 * unique index).
 */
export const lagoUsageIdentity: UsageIdentity = { fields: ['usageId', 'owner'], inEffect: 'first' };
