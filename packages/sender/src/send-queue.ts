import { partSize, type Suspected } from '@meterbridge/delivery';
import { ApartQueue } from './apart-queue.js';
import type { Entry } from './entry.js';
import { chooseLine } from './next-line.js';
import { SendLine } from './send-line.js';

/** Suspects have at least one request in this many, however much else waits. */
const SUSPECTS_EVERY = 10;
/** The same while what else waits does not fill a request: then it only fills the next one better. */
const SUSPECTS_EVERY_WITH_ROOM = 2;

/**
 * What waits before the limiter: a line for each kind of event, of which any may share a request; suspects, which
 * share none with those and go after them, unless their first request has just failed; and groups that go as they are.
 * A destination that has no kinds has one line. One record stands at most once in a request.
 */
export class SendQueue {
  /** By kind; none is empty. */
  private readonly lines = new Map<string | undefined, SendLine>();
  /** The one of `lines` that was asked for last: without kinds it is always the right one. */
  private last: SendLine | undefined;
  private readonly groups: Entry[][] = [];
  private readonly suspects = new ApartQueue();
  /** Requests that were taken while suspects waited, since the last of theirs. */
  private beforeSuspects = 0;
  private maxEvents: number;
  private maxBytes: number;

  constructor(maxEvents: number, maxBytes: number) {
    this.maxEvents = maxEvents;
    this.maxBytes = maxBytes;
  }

  isEmpty(): boolean {
    return this.groups.length === 0 && this.lines.size === 0 && this.suspects.length === 0;
  }

  /** Requests that could leave now, counted as far as `most`: sources may invent thousands of kinds. */
  requestsReady(now: number, most = Number.POSITIVE_INFINITY): number {
    let requests = this.groups.length + this.suspects.requestsReady(now, this.maxEvents);
    for (const line of this.lines.values()) {
      if (requests >= most) break;
      requests += Math.ceil(line.length / this.maxEvents);
    }
    return Math.min(requests, most);
  }

  push(entry: Entry): void {
    if (entry.apart) this.suspects.push(entry);
    else this.lineOf(entry.usage.kind).push(entry);
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
      if (entry.apart) {
        this.suspects.push(entry);
        continue;
      }
      const { kind } = entry.usage;
      const same = byKind.get(kind);
      if (same) same.push(entry);
      else byKind.set(kind, [entry]);
    }
    for (const [kind, same] of byKind) this.lineOf(kind).putBack(same);
  }

  /** A request of healthy events has failed: they go once more, in parts, as suspects and before all others. */
  takeApart(batch: readonly Entry[], outcome: Suspected): void {
    const failed = { outcome, failedParts: 0 };
    for (const entry of batch) {
      entry.apart = { atMost: partSize(batch.length), isConfirmed: false };
      entry.failed = failed;
      this.suspects.push(entry);
    }
  }

  /** Whether nothing healthy that waits fills a request: what goes before it costs it nothing but the time of that. */
  hasRoom(): boolean {
    return [...this.lines.values()].every(({ length }) => length < this.maxEvents);
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
    while (!apart.isEmpty()) groups.push(apart.take(Number.POSITIVE_INFINITY));
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

  /** The next request's events, all of one kind; none, where suspects alone wait for each other. */
  take(now: number): Entry[] {
    const group = this.groups.shift();
    if (group) return group;
    if (this.areSuspectsDue()) {
      const suspects = this.suspects.take(now, this.maxEvents, this.maxBytes);
      if (suspects.length > 0) {
        this.beforeSuspects = 0;
        return suspects;
      }
    }
    if (this.suspects.length > 0) this.beforeSuspects += 1;
    return this.takeWaiting(this.maxEvents, now);
  }

  private areSuspectsDue(): boolean {
    if (this.suspects.length === 0) return false;
    if (this.lines.size === 0) return true;
    const hasRoom = this.hasRoom();
    // Most of those are good, and late already. A healthy request that leaves makes four of them at most.
    if (hasRoom && this.suspects.hasParts()) return true;
    return this.beforeSuspects >= (hasRoom ? SUSPECTS_EVERY_WITH_ROOM : SUSPECTS_EVERY) - 1;
  }

  /**
   * One event, to find out whether the API answers again. A suspect only where nothing else waits.
   * @param mayProbe whether this suspect may
   */
  takeProbe(now: number, mayProbe: (suspect: Entry) => boolean): Entry[] {
    const at = this.groups.findIndex(([first]) => !first!.apart || mayProbe(first!));
    if (at >= 0) {
      const [group] = this.groups.splice(at, 1) as [Entry[]];
      if (group.length > 1) this.groups.unshift(group.slice(1));
      return group.slice(0, 1);
    }
    return this.lines.size > 0 ? this.takeWaiting(1, now) : this.suspects.takeProbe(mayProbe);
  }

  /** Whether an event waits that is not suspected. */
  hasHealthy(): boolean {
    return this.lines.size > 0 || this.groups.some(([first]) => !first!.apart);
  }

  hasProbe(mayProbe: (suspect: Entry) => boolean): boolean {
    if (this.lines.size > 0 || this.suspects.hasProbe(mayProbe)) return true;
    return this.groups.some(([first]) => !first!.apart || mayProbe(first!));
  }

  takeAll(): Entry[] {
    return this.takeIf(() => true);
  }

  takeIf(isTaken: (entry: Entry) => boolean): Entry[] {
    const groups = this.groups.splice(0);
    const taken = groups.flat().filter(isTaken);
    const left = groups.map((group) => group.filter((entry) => !isTaken(entry)));
    this.groups.push(...left.filter((group) => group.length > 0));
    for (const line of this.lines.values()) {
      taken.push(...line.takeIf(isTaken));
      if (line.length === 0) this.forget(line);
    }
    return [...taken, ...this.suspects.takeIf(isTaken)];
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
    if (line.length === 0) this.forget(line);
    return taken;
  }

  private forget(line: SendLine): void {
    this.lines.delete(line.kind);
    if (this.last === line) this.last = undefined;
  }
}
