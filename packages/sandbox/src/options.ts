import type { HyperlineOptions } from './hyperline/options.js';
import type { LagoOptions } from './lago/options.js';

/** How many events are kept in full when nothing else is said; past that a key keeps its counts and hash. */
export const KEPT_EVENTS_BY_DEFAULT = 200_000;

export type SandboxOptions = {
  /** Default 127.0.0.1. */
  host?: string;
  /** Default 0: any free port. */
  port?: number;
  lago: LagoOptions;
  hyperline: HyperlineOptions;
  /** Delay before every answer of the two APIs, in milliseconds. Default 0. */
  latencyMs?: number;
  /**
   * Keep contents, to be read back: `true` (the default) keeps the first 200,000 of each API, a number that
   * many, `false` none. Counts and content hashes are kept for every key in any case.
   */
  keepEvents?: boolean | number;
  /** The clock, in milliseconds since the epoch. Default `Date.now`. */
  now?: () => number;
};

/** What both APIs are handed. */
export type SharedOptions = { keptEvents: number; now: () => number };

/** The bound that `keepEvents` stands for. */
export function toKeptEvents(keepEvents: boolean | number | undefined): number {
  if (typeof keepEvents === 'number') return keepEvents;
  return keepEvents === false ? 0 : KEPT_EVENTS_BY_DEFAULT;
}
