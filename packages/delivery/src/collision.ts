import type { UsageEvent } from './usage-event.js';

const OTHER_CONTENT =
  'another usage event with the same idempotency key has different content; the API would keep only one of them';
const OTHER_CUSTOMER =
  'another usage event of the same record has another customer; the API would keep only one of them';

/**
 * Says to people why an API would keep only one of two usage events that are both to be billed: under one key with
 * different content, or, where the key leaves out who is billed, under one record with two customers. Undefined where it
 * keeps both, and of a repeat, which has the same bytes under the same key.
 */
export function findCollision(one: UsageEvent, other: UsageEvent): string | undefined {
  const isOneRecord = one.recordIdentity === other.recordIdentity;
  if (isOneRecord && one.customer !== other.customer) return OTHER_CUSTOMER;
  return one.key === other.key && one.body !== other.body ? OTHER_CONTENT : undefined;
}
