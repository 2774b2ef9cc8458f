import type { UsageEvent } from '@meterbridge/delivery';

/** What is remembered of a delivered key: enough to tell a repeat from a collision. */
type Delivered = { body: string; at: number };

/**
 * A short memory of what this process has delivered, written after delivery and never before. It spares the
 * API most repeats and sees collisions the API would swallow. Bounded in number and age; the API's own
 * idempotency is what keeps the promise.
 */
export class DeliveredWindow {
  private readonly delivered = new Map<string, Delivered>();
  private readonly owners = new Map<string, string>();
  private readonly size: number;
  private readonly maxAgeMs: number;

  /** @param size keys remembered, at most */
  constructor(size = 50_000, maxAgeMs = 10 * 60_000) {
    this.size = size;
    this.maxAgeMs = maxAgeMs;
  }

  add(usage: UsageEvent, now: number): void {
    remember(this.delivered, usage.key, { body: usage.body, at: now }, this.size);
    if (usage.owner !== undefined) remember(this.owners, usage.slot, usage.owner, this.size);
  }

  /** `repeat`: the very same was delivered; `collision`: the same key, but something else was. */
  compare(usage: UsageEvent, now: number): 'new' | 'repeat' | 'collision' {
    const owner = this.owners.get(usage.slot);
    if (owner !== undefined && owner !== usage.owner) return 'collision';
    const before = this.delivered.get(usage.key);
    if (!before || now - before.at > this.maxAgeMs) return 'new';
    return before.body === usage.body ? 'repeat' : 'collision';
  }
}

/** Newest last; the oldest goes when the map is full. */
function remember<Value>(map: Map<string, Value>, key: string, value: Value, size: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > size) map.delete(map.keys().next().value as string);
}
