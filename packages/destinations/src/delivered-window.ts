import type { UsageEvent } from '@meterbridge/delivery';

/** What is remembered of a delivered key: enough to tell a repeat from a collision. */
type Delivered = { body: string; at: number };

/**
 * A short memory of what this process has delivered, written after delivery and never before. It spares the
 * API most repeats and sees collisions the API would swallow. Bounded in number and age; the API's own
 * idempotency is what keeps the promise.
 */
export class DeliveredWindow {
  private readonly delivered: Generations<Delivered>;
  private readonly owners: Generations<string>;
  private readonly maxAgeMs: number;

  /** @param size keys remembered: at least as many, at most twice */
  constructor(size = 25_000, maxAgeMs = 10 * 60_000) {
    this.delivered = new Generations(size);
    this.owners = new Generations(size);
    this.maxAgeMs = maxAgeMs;
  }

  add(usage: UsageEvent, now: number): void {
    this.delivered.set(usage.key, { body: usage.body, at: now });
    if (usage.owner !== undefined) this.owners.set(usage.slot, usage.owner);
  }

  /** `repeat`: the very same was delivered; `collision`: the same key, but something else was. */
  compare(usage: UsageEvent, now: number): 'new' | 'repeat' | 'collision' {
    if (usage.owner !== undefined) {
      const owner = this.owners.get(usage.slot);
      if (owner !== undefined && owner !== usage.owner) return 'collision';
    }
    const before = this.delivered.get(usage.key);
    if (!before || now - before.at > this.maxAgeMs) return 'new';
    return before.body === usage.body ? 'repeat' : 'collision';
  }
}

/**
 * A map that forgets in halves: when the young half is full it becomes the old one, and the old one goes.
 * Deleting a map's oldest key one by one costs a walk over all that was deleted before.
 */
class Generations<Value> {
  private young = new Map<string, Value>();
  private old = new Map<string, Value>();
  private readonly size: number;

  constructor(size: number) {
    this.size = size;
  }

  set(key: string, value: Value): void {
    if (this.young.size >= this.size) {
      this.old = this.young;
      this.young = new Map();
    }
    this.young.set(key, value);
  }

  get(key: string): Value | undefined {
    return this.young.get(key) ?? this.old.get(key);
  }
}
