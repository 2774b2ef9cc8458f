import type { Entry } from './entry.js';

/** What the remembered bodies may take, in each half: usage is small, but an event may have 32 KB. */
const MAX_BYTES = 16_000_000;

/**
 * What this process has on its way or delivered a short time ago, by idempotency key: it spares the API most
 * repeats and sees collisions the API would swallow. Bounded in number and age; the API's own idempotency is
 * what keeps the promise.
 *
 * It forgets in halves: when the young half is full or old it becomes the old one, and the old one goes.
 * Deleting a map's oldest key one by one costs a walk over all that was deleted before (measured).
 */
export class RecentKeys {
  private young = new Map<string, Entry>();
  private old = new Map<string, Entry>();
  private youngBytes = 0;
  private bornAt = 0;
  private readonly size: number;
  private readonly maxAgeMs: number;

  /** @param size keys remembered: at least as many, at most twice; for `maxAgeMs` to twice that */
  constructor(size: number, maxAgeMs: number) {
    this.size = size;
    this.maxAgeMs = maxAgeMs;
  }

  get(key: string): Entry | undefined {
    return this.young.get(key) ?? this.old.get(key);
  }

  set(key: string, entry: Entry): void {
    this.young.set(key, entry);
    this.youngBytes += entry.bytes;
  }

  delete(key: string): void {
    this.young.delete(key);
    this.old.delete(key);
  }

  /** Forgets what is too much or too old. Called between jobs, so that one job's keys stay together. */
  forget(now: number): void {
    const age = now - this.bornAt;
    const isSmall = this.young.size < this.size && this.youngBytes < MAX_BYTES;
    if (isSmall && age < this.maxAgeMs) return;
    this.old = age < 2 * this.maxAgeMs ? this.young : new Map();
    this.young = new Map();
    this.youngBytes = 0;
    this.bornAt = now;
  }
}
