import type { Held } from '../stored/held.js';
import type { ReadResult, Unreadable } from './read-groups.js';
import type { BadLine, DestinationTally, Tally } from './tally.js';

export type BackfillReport = {
  state: 'done' | 'stopped' | 'dry run';
  files: number;
  /** That were read this time. */
  lines: number;
  seconds: number;
  /** That were taken. */
  events: number;
  eventsPerSecond: number;
  /** Read and not wanted: by their time, by the filter, switched off here by their own `integrations`, or of people who are refused. */
  skipped: { outOfTime: number; notSelected: number; ignored: number; personRefused: number };
  /** Dead letters of the receiver, by reason, and the first hundred lines of them. */
  rejected: Record<string, number>;
  badLines: BadLine[];
  unreadable: Unreadable[];
  destinations: DestinationTally[];
  /** What the APIs held already, before anything was brought in. */
  held: Held[];
  /** Where it stopped; the next run with `--resume` goes on there, or a little before. */
  stoppedAt?: { file: string; line: number };
};

/** Pure. */
export function reportBackfill(
  state: BackfillReport['state'],
  files: number,
  { unreadable, stoppedAt }: ReadResult,
  { tally, held, seconds }: { tally: Tally; held: Held[]; seconds: number },
): BackfillReport {
  return {
    state,
    files,
    lines: tally.lines,
    seconds: Math.round(seconds * 10) / 10,
    events: tally.events,
    eventsPerSecond: Math.round(tally.events / Math.max(0.001, seconds)),
    skipped: {
      outOfTime: tally.outOfTime,
      notSelected: tally.notSelected,
      ignored: tally.ignored,
      personRefused: tally.personRefused,
    },
    rejected: tally.rejected,
    badLines: tally.badLines,
    unreadable,
    destinations: tally.destinations,
    held,
    stoppedAt,
  };
}
