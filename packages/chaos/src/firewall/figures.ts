/** One good event at one API: epoch milliseconds; never stored where `storedAtMs` is undefined. */
export type Way = { acceptedAtMs: number; storedAtMs: number | undefined };

/** What was measured of the good events at one API, from accepted (its 200 has arrived) to stored. */
export type Pace = {
  /** Good events accepted in a second. */
  offeredPerSecond: number;
  p95Ms: number;
  /**
   * At which part of the rate that they were offered at they were stored: the share that is stored when the last one
   * has been accepted and as much time has passed as `graceMs` says. What waits then was not stored at that rate.
   */
  storedShare: number;
};

/** What one kind of firewall came to at one API. */
export type Figures = Pace & {
  where: 'lago' | 'hyperline';
  /** Of the phase without a firewall. */
  calmP95Ms: number;
  /** Deliveries that are dead letters because of it: an event that was sent twice is two. */
  poisoned: number;
  /** `Comparisons.finding` and `proving`, less those of the phase without a firewall. */
  finding: number;
  proving: number;
  /** It is only given up after a time, and proved again and again until then. */
  isProvedOverTime: boolean;
  /** Events in a request at most. */
  batchSize: number;
};

/** What good events may lose by a firewall, and what finding a poisoned one may cost. */
const LEAST_SHARE = 0.95;
const MOST_TIMES_CALM = 2;
/** Of the four one is the first refusal, and one makes a whole number of the logarithm; two are proofs. */
const PROOFS = 2;

/** Requests for each poisoned event: all of them, or those to find it where proofs go on for a time. */
export function allowedRequests({ batchSize, isProvedOverTime }: Figures): number {
  return 2 * Math.log2(batchSize) + 4 - (isProvedOverTime ? PROOFS : 0);
}

/** @param graceMs how long after the last was accepted is looked; left out: their own p95 */
export function measurePace(ways: readonly Way[], graceMs?: number): Pace {
  const accepted = ways.map(({ acceptedAtMs }) => acceptedAtMs).toSorted((a, b) => a - b);
  const latencies = ways
    .map(({ acceptedAtMs, storedAtMs = Number.POSITIVE_INFINITY }) => storedAtMs - acceptedAtMs)
    .toSorted((a, b) => a - b);
  const p95Ms = latencies[Math.ceil(latencies.length * 0.95) - 1] ?? Number.NaN;
  const [first, last] = [accepted[0] ?? Number.NaN, accepted.at(-1) ?? Number.NaN];
  const until = last + (graceMs ?? p95Ms);
  const stored = ways.filter(({ storedAtMs }) => storedAtMs !== undefined && storedAtMs <= until);
  return {
    offeredPerSecond: (ways.length / (last - first)) * 1_000,
    p95Ms,
    storedShare: stored.length / ways.length,
  };
}

/** What `allowedRequests` is about. */
export function requestsPerPoisoned({ finding, proving, isProvedOverTime, poisoned }: Figures): number {
  return (finding + (isProvedOverTime ? 0 : proving)) / poisoned;
}

/** What is not as it must be, a sentence each. A figure that could not be measured is not as it must be. */
export function findShortcomings(figures: Figures): string[] {
  const { where, storedShare, p95Ms, calmP95Ms } = figures;
  const found: string[] = [];
  if (!(storedShare >= LEAST_SHARE)) {
    found.push(`${where}: stored at ${storedShare.toFixed(3)} of the rate offered, not ${LEAST_SHARE}`);
  }
  if (!(p95Ms <= MOST_TIMES_CALM * calmP95Ms)) {
    const times = (p95Ms / calmP95Ms).toFixed(1);
    found.push(
      `${where}: p95 is ${Math.round(p95Ms)} ms, ${times} times the ${Math.round(calmP95Ms)} ms without a firewall`,
    );
  }
  const [made, allowed] = [requestsPerPoisoned(figures), allowedRequests(figures)];
  if (figures.poisoned === 0) found.push(`${where}: no poisoned event is a dead letter`);
  else if (!(made <= allowed)) {
    found.push(
      `${where}: ${made.toFixed(2)} requests for each poisoned event, ${allowed.toFixed(2)} are allowed`,
    );
  }
  return found;
}
