import type { Entry } from './entry.js';

/** What one request may hold. */
export type RequestLimits = { maxEvents: number; maxBytes: number };

/** Events of one kind that wait, in order: any that follow each other may share a request. */
export class SendLine {
  readonly kind: string | undefined;
  /** Turns that are due to it by its share of what waits, and that it did not have yet. */
  turnsDue = 0;
  private waiting: Entry[] = [];
  /** Where the line begins in `waiting`: shifting an array of thousands for each request would be quadratic. */
  private head = 0;

  constructor(kind: string | undefined) {
    this.kind = kind;
  }

  get length(): number {
    return this.waiting.length - this.head;
  }

  get first(): Entry | undefined {
    return this.waiting[this.head];
  }

  /** When the first of them began to wait. */
  get since(): number {
    return this.first?.since ?? Number.POSITIVE_INFINITY;
  }

  push(entry: Entry): void {
    this.waiting.push(entry);
  }

  putBack(entries: readonly Entry[]): void {
    this.waiting = [...entries, ...this.waiting.slice(this.head)];
    this.head = 0;
  }

  /** Takes them out, whatever they stand behind. */
  takeIf(isTaken: (entry: Entry) => boolean): Entry[] {
    const all = this.waiting.slice(this.head);
    const taken = all.filter(isTaken);
    if (taken.length > 0) {
      this.waiting = all.filter((entry) => !isTaken(entry));
      this.head = 0;
    }
    return taken;
  }

  /** As many as one request may hold, at least one; of two of one record the second stays. */
  take({ maxEvents, maxBytes }: RequestLimits): Entry[] {
    const taken: Entry[] = [];
    const passed: Entry[] = [];
    const records = new Set<string>();
    let bytes = 0;
    while (this.head < this.waiting.length && taken.length < maxEvents) {
      const entry = this.waiting[this.head]!;
      const size = entry.bytes + 1;
      if (taken.length > 0 && bytes + size > maxBytes) break;
      this.head += 1;
      if (records.has(entry.usage.recordIdentity)) {
        passed.push(entry);
        continue;
      }
      records.add(entry.usage.recordIdentity);
      taken.push(entry);
      bytes += size;
    }
    if (passed.length > 0) this.putBack(passed);
    else if (this.head > 10_000 || this.head === this.waiting.length) {
      this.waiting = this.waiting.slice(this.head);
      this.head = 0;
    }
    return taken;
  }
}
