import type { UsageEvent } from './usage-event.js';

/** Says to people why the second of two that collide is a dead letter. */
export const COLLISION_DETAIL =
  'another usage event with the same idempotency key has different content; the API would keep only one of them';

/**
 * Whether an API would keep only one of two usage events, both of which are to be billed: one key with different
 * content, or, where the key leaves out who is billed, one slot under two owners. The same bytes under one key are a
 * repeat.
 */
export function collides(one: UsageEvent, other: UsageEvent): boolean {
  if (one.key === other.key) return one.body !== other.body;
  return one.slot === other.slot && one.owner !== other.owner;
}
