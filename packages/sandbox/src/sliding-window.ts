/**
 * Counts what happened in the last `windowMs`, exactly: a ring of times rather than buckets, so that no
 * client can pass twice the limit across a bucket's edge. Memory follows the busiest window.
 */
export class SlidingWindow {
  readonly windowMs: number;
  #times = new Float64Array(64);
  #head = 0;
  #size = 0;

  constructor(windowMs: number) {
    this.windowMs = windowMs;
  }

  /** How many there were in the window that ends now. */
  count(nowMs: number): number {
    while (this.#size > 0 && this.#times[this.#head]! <= nowMs - this.windowMs) {
      this.#head = (this.#head + 1) % this.#times.length;
      this.#size -= 1;
    }
    return this.#size;
  }

  /** One more now; returns the count with it. */
  add(nowMs: number): number {
    this.count(nowMs);
    if (this.#size === this.#times.length) this.#grow();
    this.#times[(this.#head + this.#size) % this.#times.length] = nowMs;
    this.#size += 1;
    return this.#size;
  }

  /** When the oldest leaves the window: the moment one more fits. Now, where there is none. */
  freeAt(nowMs: number): number {
    return this.count(nowMs) === 0 ? nowMs : this.#times[this.#head]! + this.windowMs;
  }

  clear(): void {
    this.#size = 0;
  }

  #grow(): void {
    const grown = new Float64Array(this.#times.length * 2);
    for (let i = 0; i < this.#size; i += 1) {
      grown[i] = this.#times[(this.#head + i) % this.#times.length]!;
    }
    this.#times = grown;
    this.#head = 0;
  }
}
