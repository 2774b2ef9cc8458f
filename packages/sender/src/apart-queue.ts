import type { Entry } from './entry.js';
import { SendLine } from './send-line.js';

/** So long suspects wait for others of their size: they come back from several jobs at nearly the same moment. */
export const GATHER_MS = 20;

type Line = {
  line: SendLine;
  atMost: number;
  /** Of requests that failed a moment ago. */
  isPart: boolean;
};

function hasGathered({ line, isPart }: Line, now: number): boolean {
  return isPart || now - line.since >= GATHER_MS;
}

function goesBefore(one: Line, other: Line): boolean {
  return one.isPart === other.isPart ? one.line.since < other.line.since : one.isPart;
}

/**
 * Suspects that wait, in lines of those that may share a request: of one kind, of one group size, and all confirmed
 * or none, since what an unconfirmed one meets speaks of the API as well. Parts of requests that failed a moment ago
 * share none with others, go first, and do not wait for others.
 */
export class ApartQueue {
  /** By group size, kind, whether they are confirmed, and whether they are parts; none is empty. */
  private readonly lines = new Map<string, Line>();

  get length(): number {
    let length = 0;
    for (const { line } of this.lines.values()) length += line.length;
    return length;
  }

  push(entry: Entry): void {
    const { atMost, isConfirmed } = entry.apart!;
    const { kind } = entry.usage;
    const isPart = entry.failed !== undefined;
    const name = JSON.stringify([
      atMost === Number.POSITIVE_INFINITY ? 0 : atMost,
      isConfirmed,
      kind ?? null,
      isPart,
    ]);
    let known = this.lines.get(name);
    if (!known) {
      known = { line: new SendLine(kind), atMost, isPart };
      this.lines.set(name, known);
    }
    known.line.push(entry);
  }

  /** Requests that could leave now. */
  requestsReady(now: number, maxEvents: number): number {
    let ready = 0;
    for (const each of this.lines.values()) {
      const requests = each.line.length / Math.min(each.atMost, maxEvents);
      ready += hasGathered(each, now) ? Math.ceil(requests) : Math.floor(requests);
    }
    return ready;
  }

  hasParts(): boolean {
    return [...this.lines.values()].some(({ isPart }) => isPart);
  }

  /** The next request's events: of the line that goes first, of those that are ready. Empty where none is. */
  take(now: number, maxEvents: number, maxBytes: number): Entry[] {
    let next: { name: string; each: Line } | undefined;
    for (const [name, each] of this.lines) {
      const isReady = hasGathered(each, now) || each.line.length >= Math.min(each.atMost, maxEvents);
      if (isReady && (!next || goesBefore(each, next.each))) next = { name, each };
    }
    if (!next) return [];
    const { line, atMost } = next.each;
    return this.takeFrom(next.name, line, Math.min(atMost, maxEvents), maxBytes);
  }

  /** One event that may find out whether the API answers; none where all of them are not to. */
  takeProbe(mayProbe: (entry: Entry) => boolean): Entry[] {
    for (const [name, { line }] of this.lines) {
      if (mayProbe(line.first!)) return this.takeFrom(name, line, 1, Number.POSITIVE_INFINITY);
    }
    return [];
  }

  hasProbe(mayProbe: (entry: Entry) => boolean): boolean {
    return [...this.lines.values()].some(({ line }) => mayProbe(line.first!));
  }

  takeIf(isTaken: (entry: Entry) => boolean): Entry[] {
    const taken: Entry[] = [];
    for (const [name, { line }] of this.lines) {
      taken.push(...line.takeIf(isTaken));
      if (line.length === 0) this.lines.delete(name);
    }
    return taken;
  }

  private takeFrom(name: string, line: SendLine, maxEvents: number, maxBytes: number): Entry[] {
    const taken = line.take({ maxEvents, maxBytes });
    if (line.length === 0) this.lines.delete(name);
    return taken;
  }
}
