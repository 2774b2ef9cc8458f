import type { Outcome, UsageEvent } from '@meterbridge/delivery';
import { chooseLine } from './next-line.js';
import { SendLine } from './send-line.js';

/** A job that waits for the outcomes of its usage events. */
export type Waiter = {
  outcomes: Outcome[];
  open: number;
  resolve: (outcomes: Outcome[]) => void;
  /** When it began to wait, epoch milliseconds. */
  since: number;
};

/** One usage event on its way, and for a short time after it was delivered. */
export type Entry = {
  usage: UsageEvent;
  /** Of the body, in UTF-8. */
  bytes: number;
  /** When it began to wait, by the clock that `take` is told. */
  since: number;
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
 * What waits before the limiter: a line for each kind of event, of which any may share a request, and groups that
 * go as they are because they are being taken apart. A destination that has no kinds has one line. One slot stands
 * at most once in a request.
 */
export class SendQueue {
  /** By kind; none is empty. */
  private readonly lines = new Map<string | undefined, SendLine>();
  /** The one of `lines` that was asked for last: without kinds it is always the right one. */
  private last: SendLine | undefined;
  private readonly groups: Entry[][] = [];
  private maxEvents: number;
  private maxBytes: number;

  constructor(maxEvents: number, maxBytes: number) {
    this.maxEvents = maxEvents;
    this.maxBytes = maxBytes;
  }

  isEmpty(): boolean {
    return this.groups.length === 0 && this.lines.size === 0;
  }

  /** Requests that what waits would fill, counted as far as `most`: sources may invent thousands of kinds. */
  requestsWaiting(most = Number.POSITIVE_INFINITY): number {
    let requests = this.groups.length;
    for (const line of this.lines.values()) {
      if (requests >= most) break;
      requests += Math.ceil(line.length / this.maxEvents);
    }
    return Math.min(requests, most);
  }

  push(entry: Entry): void {
    this.lineOf(entry.usage.kind).push(entry);
  }

  /** A batch that was not answered for, as it was: to the front of the line, or a group again. */
  putBackBatch(batch: Entry[]): void {
    if (batch[0]?.grouped) this.groups.unshift(batch);
    else this.putBack(batch);
  }

  /** Back to the front of their lines, in order, to share a request with anyone of their kind. */
  putBack(entries: Entry[]): void {
    const byKind = new Map<string | undefined, Entry[]>();
    for (const entry of entries) {
      entry.grouped = false;
      const { kind } = entry.usage;
      const same = byKind.get(kind);
      if (same) same.push(entry);
      else byKind.set(kind, [entry]);
    }
    for (const [kind, same] of byKind) this.lineOf(kind).putBack(same);
  }

  /** Behind all of their kind that waits, whatever they were before. */
  moveToEnd(entries: Entry[]): void {
    for (const entry of entries) {
      entry.grouped = false;
      this.push(entry);
    }
  }

  /** To be sent by itself, before the lines. */
  pushGroup(group: Entry[]): void {
    for (const entry of group) entry.grouped = true;
    this.groups.push(group);
  }

  /** To be sent before all that waits, by themselves, in as few requests as they fit in. */
  pushAhead(entries: Entry[]): void {
    const apart = new SendQueue(this.maxEvents, this.maxBytes);
    for (const entry of entries) apart.push(entry);
    const groups: Entry[][] = [];
    while (!apart.isEmpty()) groups.push(apart.take(Number.NEGATIVE_INFINITY));
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

  /** The next request's events, all of one kind. */
  take(now: number): Entry[] {
    return this.groups.shift() ?? this.takeWaiting(this.maxEvents, now);
  }

  /** One event, to find out whether the API answers again. */
  takeOne(now: number): Entry[] {
    const group = this.groups.shift();
    if (!group) return this.takeWaiting(1, now);
    if (group.length > 1) this.groups.unshift(group.slice(1));
    return group.slice(0, 1);
  }

  takeAll(): Entry[] {
    const all = [...this.groups.flat(), ...[...this.lines.values()].flatMap((line) => line.all())];
    this.groups.length = 0;
    this.lines.clear();
    this.last = undefined;
    return all;
  }

  private lineOf(kind: string | undefined): SendLine {
    if (this.last && this.last.kind === kind) return this.last;
    let line = this.lines.get(kind);
    if (!line) {
      line = new SendLine(kind);
      this.lines.set(kind, line);
    }
    this.last = line;
    return line;
  }

  private takeWaiting(maxEvents: number, now: number): Entry[] {
    if (this.lines.size === 0) return [];
    const [first] = this.lines.values();
    const line = this.lines.size === 1 ? first! : chooseLine(this.lines.values(), this.maxEvents, now);
    const taken = line.take({ maxEvents, maxBytes: this.maxBytes });
    if (line.length === 0) {
      this.lines.delete(line.kind);
      if (this.last === line) this.last = undefined;
    }
    return taken;
  }
}
