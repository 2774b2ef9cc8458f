/** The period that a subscription is in, or was in when it ended. Both null for one that has not begun. */
export type BillingPeriod = {
  current_billing_period_started_at: string | null;
  current_billing_period_ending_at: string | null;
};

/**
 * A calendar month in UTC, cut to the subscription's own beginning and end; whole seconds. Events from before
 * it are stored and on no invoice.
 */
export function toBillingPeriod(
  subscription: { startedAt: string; terminatedAt?: string | undefined },
  nowMs: number,
): BillingPeriod {
  const startedMs = Date.parse(subscription.startedAt);
  if (startedMs > nowMs)
    return { current_billing_period_started_at: null, current_billing_period_ending_at: null };
  const at = new Date(
    subscription.terminatedAt === undefined ? nowMs : Math.min(nowMs, Date.parse(subscription.terminatedAt)),
  );
  const monthStartMs = Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), 1);
  const monthEndMs = Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 1) - 1000;
  return {
    current_billing_period_started_at: toSeconds(Math.max(monthStartMs, startedMs)),
    current_billing_period_ending_at: toSeconds(
      subscription.terminatedAt === undefined ? monthEndMs : at.getTime(),
    ),
  };
}

function toSeconds(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
