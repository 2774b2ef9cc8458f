import { bucketOf } from '@meterbridge/delivery';
import { compareStreamIds } from '@meterbridge/queue/batch';
import type { ManifestFile, ReceiptCounts } from '../manifest.js';
import type { Receipt } from '../receipt.js';

/** What a manifest says of the rows of a file, while they are written. */
export class ReceiptTally {
  private readonly counts: ReceiptCounts = {};
  private readonly types = new Set<string>();
  private rows = 0;
  private firstEntry: string | undefined;
  private lastEntry: string | undefined;
  private eventFrom: number | undefined;
  private eventTo: number | undefined;

  /** An entry whose rows follow, or that has none. */
  addEntry(id: string): void {
    if (this.firstEntry === undefined || compareStreamIds(id, this.firstEntry) < 0) this.firstEntry = id;
    if (this.lastEntry === undefined || compareStreamIds(id, this.lastEntry) > 0) this.lastEntry = id;
  }

  addRow({ acceptedHour, source, rule = '', outcome, events, eventAt, type }: Receipt): void {
    this.rows += 1;
    if (type !== undefined) this.types.add(type);
    const bucket = bucketOf(acceptedHour, source);
    this.counts[bucket] ??= {};
    this.counts[bucket][rule] ??= {};
    const byOutcome = this.counts[bucket][rule];
    byOutcome[outcome] = (byOutcome[outcome] ?? 0) + events;
    if (eventAt === undefined) return;
    if (this.eventFrom === undefined || eventAt < this.eventFrom) this.eventFrom = eventAt;
    if (this.eventTo === undefined || eventAt > this.eventTo) this.eventTo = eventAt;
  }

  /** Of a file without any entry both ends are empty. */
  result(): Omit<ManifestFile, 'name' | 'bytes' | 'sha256'> {
    const { rows, firstEntry = '', lastEntry = '', eventFrom, eventTo, counts } = this;
    return { rows, firstEntry, lastEntry, eventFrom, eventTo, types: [...this.types].toSorted(), counts };
  }
}
