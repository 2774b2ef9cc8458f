import { caseOfField, casesOf, type FqlCase, joinCases, parseFql } from '@meterbridge/fql';

/** What a rule's routing says; `undefined` takes everything. */
type Routed = { sources?: readonly string[] | undefined; when?: string | undefined };

/** What stands at a path of an event. */
export type EventValue = { path: readonly string[]; value: string };

/** Which events a rule takes, as far as two rules can be held against each other. */
export type TakenEvents = {
  /** Undefined: of every source. */
  sources: readonly string[] | undefined;
  /** Null: too many to be looked into. */
  cases: readonly FqlCase[] | null;
};

const ANYTHING: readonly FqlCase[] = [new Map()];

/** Reads a rule's filter once, for many comparisons. A filter that cannot be parsed may take anything. */
export function eventsTakenBy({ sources, when }: Routed): TakenEvents {
  return { sources, cases: casesOfFilter(when) };
}

/**
 * Whether an event could be taken by both: true unless it is proven that none can. Two filters are proven apart by
 * what they compare with literals, as `event = "A"` and `event = "B"`, by ranges that do not meet, and by one asking for the very condition that
 * the other excludes.
 * @param where only events with this value are asked about
 */
export function mayOverlap(a: TakenEvents, b: TakenEvents, where?: EventValue): boolean {
  if (a.sources && b.sources && !a.sources.some((source) => b.sources!.includes(source))) return false;
  if (a.cases === null || b.cases === null) return true;
  const wanted: FqlCase = where ? caseOfField(where.path, [where.value]) : new Map();
  const right = b.cases;
  return a.cases.some((one) =>
    right.some((other) => {
      const both = joinCases(one, other);
      return both !== null && joinCases(both, wanted) !== null;
    }),
  );
}

function casesOfFilter(when: string | undefined): readonly FqlCase[] | null {
  if (when === undefined) return ANYTHING;
  const parsed = parseFql(when);
  return parsed.ok ? casesOf(parsed.ast, true) : null;
}
