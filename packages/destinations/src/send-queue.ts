import type { Outcome, UsageEvent } from '@meterbridge/delivery';

/** A job that waits for the outcomes of its usage events. */
export type Waiter = { outcomes: Outcome[]; open: number; resolve: (outcomes: Outcome[]) => void };

/** One usage event on its way, and for a short time after it was delivered. */
export type Entry = {
  usage: UsageEvent;
  /** Of the body, in UTF-8. */
  bytes: number;
  state: 'on its way' | 'delivered' | 'failed';
  /** Whose outcome it is, and which. */
  waiter: Waiter;
  index: number;
  /** How often it was sent again as the innocent neighbour of a bad one. */
  rounds: number;
  /** It is being taken apart from its neighbours and must not meet others again. */
  grouped: boolean;
  /** The very same usage event again, while this one is on its way. */
  twins: { waiter: Waiter; index: number }[] | undefined;
};

/**
 * The line before the limiter: events that may share a request with anyone, and groups that go as they are
 * because they are being taken apart. One slot stands at most once in a request.
 */
export class SendQueue {
  private waiting: Entry[] = [];
  /** Where the line begins in `waiting`: shifting an array of thousands for each request would be quadratic. */
  private head = 0;
  private readonly groups: Entry[][] = [];
  private maxEvents: number;
  private maxBytes: number;

  constructor(maxEvents: number, maxBytes: number) {
    this.maxEvents = maxEvents;
    this.maxBytes = maxBytes;
  }

  isEmpty(): boolean {
    return this.groups.length === 0 && this.head === this.waiting.length;
  }

  /** Requests that what waits would fill. */
  requestsWaiting(): number {
    return this.groups.length + Math.ceil((this.waiting.length - this.head) / this.maxEvents);
  }

  push(entry: Entry): void {
    this.waiting.push(entry);
  }

  /** A batch that was not answered for, as it was: to the front of the line, or a group again. */
  putBackBatch(batch: Entry[]): void {
    if (batch[0]?.grouped) this.groups.unshift(batch);
    else this.putBack(batch);
  }

  /** Back to the front of the line, in order, to share a request with anyone. */
  putBack(entries: Entry[]): void {
    if (entries.length === 0) return;
    for (const entry of entries) entry.grouped = false;
    this.waiting = [...entries, ...this.waiting.slice(this.head)];
    this.head = 0;
  }

  /** Behind all that waits, whatever it was before. */
  moveToEnd(entries: Entry[]): void {
    for (const entry of entries) {
      entry.grouped = false;
      this.waiting.push(entry);
    }
  }

  /** To be sent by itself, before the line. */
  pushGroup(group: Entry[]): void {
    for (const entry of group) entry.grouped = true;
    this.groups.push(group);
  }

  /** To be sent before all that waits, by themselves, in as few requests as they fit in. */
  pushAhead(entries: Entry[]): void {
    const apart = new SendQueue(this.maxEvents, this.maxBytes);
    for (const entry of entries) apart.push(entry);
    const groups: Entry[][] = [];
    while (!apart.isEmpty()) groups.push(apart.take());
    for (const entry of entries) entry.grouped = true;
    this.groups.unshift(...groups);
  }

  /** The API takes no more events a request than this; for as long as this process lives. */
  limitEvents(maxEvents: number): void {
    this.maxEvents = Math.max(1, Math.min(this.maxEvents, maxEvents));
  }

  limitBytes(maxBytes: number): void {
    this.maxBytes = Math.max(1, Math.min(this.maxBytes, maxBytes));
  }

  /** The next request's events. */
  take(): Entry[] {
    return this.groups.shift() ?? this.takeWaiting(this.maxEvents);
  }

  /** One event, to find out whether the API answers again. */
  takeOne(): Entry[] {
    const group = this.groups.shift();
    if (!group) return this.takeWaiting(1);
    if (group.length > 1) this.groups.unshift(group.slice(1));
    return group.slice(0, 1);
  }

  takeAll(): Entry[] {
    const all = [...this.groups.flat(), ...this.waiting.slice(this.head)];
    this.groups.length = 0;
    this.waiting = [];
    this.head = 0;
    return all;
  }

  private takeWaiting(maxEvents: number): Entry[] {
    const taken: Entry[] = [];
    const passed: Entry[] = [];
    const slots = new Set<string>();
    let bytes = 0;
    while (this.head < this.waiting.length && taken.length < maxEvents) {
      const entry = this.waiting[this.head]!;
      const size = entry.bytes + 1;
      if (taken.length > 0 && bytes + size > this.maxBytes) break;
      this.head += 1;
      if (slots.has(entry.usage.slot)) {
        passed.push(entry);
        continue;
      }
      slots.add(entry.usage.slot);
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
