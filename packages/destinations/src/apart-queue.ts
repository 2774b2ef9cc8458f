import { SendLine } from './send-line.js';
import type { Entry } from './send-queue.js';

/** So long suspects wait for others of their size: they come back from several jobs at nearly the same moment. */
export const GATHER_MS = 20;

/**
 * Suspects that wait, in lines of those that may share a request: of one kind, of one group size, and all confirmed
 * or none, since what an unconfirmed one meets speaks of the API as well.
 */
export class ApartQueue {
  /** By group size, kind and whether they are confirmed; none is empty. */
  private readonly lines = new Map<string, { line: SendLine; atMost: number; isConfirmed: boolean }>();

  get length(): number {
    let length = 0;
    for (const { line } of this.lines.values()) length += line.length;
    return length;
  }

  push(entry: Entry): void {
    const { atMost, isConfirmed } = entry.apart!;
    const { kind } = entry.usage;
    const name = JSON.stringify([
      atMost === Number.POSITIVE_INFINITY ? 0 : atMost,
      isConfirmed,
      kind ?? null,
    ]);
    let known = this.lines.get(name);
    if (!known) {
      known = { line: new SendLine(kind), atMost, isConfirmed };
      this.lines.set(name, known);
    }
    known.line.push(entry);
  }

  /** Requests that could leave now. */
  requestsReady(now: number, maxEvents: number): number {
    let ready = 0;
    for (const { line, atMost } of this.lines.values()) {
      const size = Math.min(atMost, maxEvents);
      ready += now - line.since >= GATHER_MS ? Math.ceil(line.length / size) : Math.floor(line.length / size);
    }
    return ready;
  }

  /** The next request's events: of the line that waits longest, of those that are ready. Empty where none is. */
  take(now: number, maxEvents: number, maxBytes: number): Entry[] {
    let next: { name: string; line: SendLine; size: number } | undefined;
    for (const [name, { line, atMost }] of this.lines) {
      const size = Math.min(atMost, maxEvents);
      const isReady = now - line.since >= GATHER_MS || line.length >= size;
      if (isReady && (!next || line.since < next.line.since)) next = { name, line, size };
    }
    return next ? this.takeFrom(next.name, next.line, next.size, maxBytes) : [];
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
