import type { UsageEvent } from '@meterbridge/delivery';

/**
 * A short memory of what this process has delivered, written after delivery and never before. It spares the
 * API most repeats and sees collisions the API would swallow. Bounded in number and age; the API's own
 * idempotency is what keeps the promise. It keeps a hash of each body and not the body: what it held on to
 * was most of the garbage collector's work (measured).
 */
export class DeliveredWindow {
  private readonly bodies: Generations<number>;
  private readonly owners: Generations<string>;

  /** @param size keys remembered: at least as many, at most twice, and for `maxAgeMs` to twice that */
  constructor(size = 10_000, maxAgeMs = 5 * 60_000) {
    this.bodies = new Generations(size, maxAgeMs);
    this.owners = new Generations(size, maxAgeMs);
  }

  add(usage: UsageEvent, now: number): void {
    this.bodies.set(usage.key, hashText(usage.body), now);
    if (usage.owner !== undefined) this.owners.set(usage.slot, usage.owner, now);
  }

  /** `repeat`: the very same was delivered; `collision`: the same key, but something else was. */
  compare(usage: UsageEvent, now: number): 'new' | 'repeat' | 'collision' {
    if (usage.owner !== undefined) {
      const owner = this.owners.get(usage.slot, now);
      if (owner !== undefined && owner !== usage.owner) return 'collision';
    }
    const body = this.bodies.get(usage.key, now);
    if (body === undefined) return 'new';
    return body === hashText(usage.body) ? 'repeat' : 'collision';
  }
}

/**
 * A map that forgets in halves: when the young half is full or old it becomes the old one, and the old one
 * goes. Deleting a map's oldest key one by one costs a walk over all that was deleted before.
 */
class Generations<Value> {
  private young = new Map<string, Value>();
  private old = new Map<string, Value>();
  private bornAt = 0;
  private readonly size: number;
  private readonly maxAgeMs: number;

  constructor(size: number, maxAgeMs: number) {
    this.size = size;
    this.maxAgeMs = maxAgeMs;
  }

  set(key: string, value: Value, now: number): void {
    this.forget(now);
    if (this.young.size >= this.size) this.turn(now);
    this.young.set(key, value);
  }

  get(key: string, now: number): Value | undefined {
    this.forget(now);
    return this.young.get(key) ?? this.old.get(key);
  }

  private forget(now: number): void {
    if (now - this.bornAt < this.maxAgeMs) return;
    if (now - this.bornAt >= 2 * this.maxAgeMs) this.young = new Map();
    this.turn(now);
  }

  private turn(now: number): void {
    this.old = this.young;
    this.young = new Map();
    this.bornAt = now;
  }
}

/** A 53-bit hash of a text (two rounds of 32-bit multiplications); not for secrets. */
function hashText(text: string): number {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    high = Math.imul(high ^ code, 2_654_435_761);
    low = Math.imul(low ^ code, 1_597_334_677);
  }
  high = Math.imul(high ^ (high >>> 16), 2_246_822_507) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909);
  low = Math.imul(low ^ (low >>> 16), 2_246_822_507) ^ Math.imul(high ^ (high >>> 13), 3_266_489_909);
  return 4_294_967_296 * (2_097_151 & low) + (high >>> 0);
}
