import { type Comparison, VERDICTS, type Verdict, WORSE } from './compare-judged.js';

/** What became of how many deliveries, with some of each to look at. */
export type Tally<Sample> = {
  /** Deliveries, and events that are filtered, by verdict. */
  total: Counts;
  byDestination: Record<string, Counts>;
  /**
   * How many by why: of what fails or failed, the reason; of dead letters whose mapping was not to blame, what
   * they died of; under an empty text where there is no reason.
   */
  reasons: Partial<Record<Verdict, Record<string, number>>>;
  samples: Partial<Record<Verdict, Sample[]>>;
};

export type Counts = Record<Verdict, number>;

/** A reason may name a path that the event's sender made up. */
const MAX_REASONS = 1_000;
/** Of one verdict, whatever there are of reasons: nobody reads more. */
const MAX_SAMPLES = 30;
const OTHER = 'other reasons';

export function emptyTally<Sample>(): Tally<Sample> {
  // Without a prototype: a destination may be called `constructor`.
  const byDestination = Object.create(null) as Record<string, Counts>;
  return { total: noCounts(), byDestination, reasons: {}, samples: {} };
}

/**
 * Counts one delivery. Changes what it is given: it runs once for each event of a history.
 * @param why it is counted under; empty where there is no reason
 * @param most samples of one reason; `sampleOf` is only asked for those
 */
export function countIn<Sample>(
  tally: Tally<Sample>,
  { destination, verdict }: Comparison,
  why: string,
  most: number,
  sampleOf: () => Sample,
): void {
  tally.total[verdict] += 1;
  tally.byDestination[destination] ??= noCounts();
  tally.byDestination[destination][verdict] += 1;
  // A reason may be called so, too.
  tally.reasons[verdict] ??= Object.create(null) as Record<string, number>;
  const reasons = tally.reasons[verdict];
  const under = why in reasons || Object.keys(reasons).length < MAX_REASONS ? why : OTHER;
  reasons[under] = (reasons[under] ?? 0) + 1;
  if (verdict === 'filtered' || reasons[under] > most) return;
  tally.samples[verdict] ??= [];
  const samples = tally.samples[verdict];
  if (samples.length < MAX_SAMPLES) samples.push(sampleOf());
}

/** Whether something is worse than before. */
export function isWorse({ total }: Pick<Tally<unknown>, 'total'>): boolean {
  return [...WORSE].some((verdict) => total[verdict] > 0);
}

function noCounts(): Counts {
  return Object.fromEntries(VERDICTS.map((verdict) => [verdict, 0])) as Counts;
}
