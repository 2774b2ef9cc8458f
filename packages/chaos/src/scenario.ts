import type { Setting } from './config.js';
import type { Figures } from './firewall/figures.js';
import type { Load } from './load/load.js';
import type { Expectation, Kind } from './load/make-event.js';
import type { Stage } from './stage.js';
import type { Strike } from './strikes.js';

/** A time, by `performance.now()`. */
export type Span = { fromMs: number; toMs: number };

/** What a scenario's trouble has to work with. */
export type Scene = {
  stage: Stage;
  load: Load;
  /** Good events that came after the load, for others to be held against. */
  trickles: Load[];
  /** From the seed. */
  random: () => number;
  /** Events, by number, that have to fare otherwise than their kind does. */
  expected: Map<number, Expectation>;
  /** Names of the kills done so far. */
  kills: string[];
  /** Masters that another server took the place of. */
  failovers: number;
  /** When Redis answered what it forgot with the power, or may have. */
  forgotten: Span[];
  /** Says what is done at this moment, so that a run can be read. */
  tell(what: string): void;
  /** What was measured of each API behind a firewall. */
  figures: Figures[];
  /** What was seen, for the report: a short sentence each. */
  notes: string[];
  /** What must not be, beside loss and double effect: makes the run fail. */
  problems: string[];
};

/** One way in which things go wrong while events flow. */
export type Scenario = {
  name: string;
  /** For people. */
  what: string;
  /** How long events flow; of more events, more a second. Its share of a run's events as well. */
  seconds: number;
  /** Events a second, however long that takes. Left out: as many as `seconds` allow for. */
  perSecond?: number;
  /** Kills that come beside the trouble, all kinds in turn. */
  kills: number;
  /** Left out: the usual one. */
  setting?: Setting;
  /** Kinds of events that are not sent. */
  without?: readonly Kind[];
  /** One event in so many holds what a firewall refuses. */
  poisonedEvery?: number;
  /** What is not settled by then stays in flight, which is a problem. Left out: ten minutes. */
  settledWithinMs?: number;
  /** Left out: all kinds. */
  strikes?: readonly Strike[];
  /** Runs beside the load; the scenario is over when both are done. */
  trouble?: (scene: Scene) => Promise<void>;
  /** Puts right what had to stay wrong until all was settled, and measures what only shows then. */
  after?: (scene: Scene) => Promise<void>;
};
