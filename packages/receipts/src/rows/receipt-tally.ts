import { bucketOf } from '@meterbridge/delivery';
import { compareStreamIds } from '@meterbridge/queue/batch';
import { CountSum } from '../count-sum.js';
import type { ManifestFile } from '../manifest.js';
import type { Receipt } from '../receipt.js';

/** What a manifest says of the rows of a file, while they are written. */
export class ReceiptTally {
  private readonly counts = new CountSum();
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
    this.counts.add(bucketOf(acceptedHour, source), rule, outcome, events);
    if (eventAt === undefined) return;
    if (this.eventFrom === undefined || eventAt < this.eventFrom) this.eventFrom = eventAt;
    if (this.eventTo === undefined || eventAt > this.eventTo) this.eventTo = eventAt;
  }

  /** Of a file without any entry both ends are empty. */
  result(): Omit<ManifestFile, 'name' | 'bytes' | 'sha256'> {
    const { rows, firstEntry = '', lastEntry = '', eventFrom, eventTo } = this;
    const counts = this.counts.result();
    return { rows, firstEntry, lastEntry, eventFrom, eventTo, types: [...this.types].toSorted(), counts };
  }
}
