import type { FilePosition } from '@meterbridge/queue';
import type { RejectedEvent, SegmentEvent } from '@meterbridge/segment-events';
import type { Judged } from '../archive/judge-line.js';

/** Lines that are committed together, and how far all is committed then. */
export class Group {
  readonly events: SegmentEvent[] = [];
  readonly rejected: { rejected: RejectedEvent; file: string; line: number }[] = [];
  readonly passedBy: Exclude<Judged['is'], 'taken' | 'rejected'>[] = [];
  /** By file: small ones share a group. */
  readonly reached = new Map<string, FilePosition>();
  /** Lines it was made of, those without text included. */
  lines = 0;
  /** Characters of those lines: large events go in small groups. */
  characters = 0;

  add(judged: Judged, file: string, line: number): void {
    if (judged.is === 'taken') this.events.push(judged.event);
    else if (judged.is === 'rejected') this.rejected.push({ rejected: judged.rejected, file, line });
    else this.passedBy.push(judged.is);
  }
}

/** Where groups go, one after the other. */
export type Sink = {
  /** Resolves when the next may come. */
  add(group: Group): Promise<void>;
  /** Resolves when nothing is under way any more. */
  end(): Promise<void>;
};
