import { type FqlNode, parseFql } from '@meterbridge/fql';

/** What a rule's routing says; `undefined` takes everything. */
type Routed = { sources?: readonly string[] | undefined; when?: string | undefined };

/** What stands at a path of an event. */
export type EventValue = { path: readonly string[]; value: string };

/** Which events a rule takes, as far as two rules can be held against each other. */
export type TakenEvents = {
  /** Undefined: of every source. */
  sources: readonly string[] | undefined;
  /** Null: too many to be looked into. */
  cases: readonly Case[] | null;
};

/** What one path must be, or must not be, for a condition to hold. */
type Constraint = { is: 'in' | 'not in'; values: ReadonlySet<unknown> };

/** Constraints by path (or by the text of a condition), all of which hold. */
type Case = ReadonlyMap<string, Constraint>;

/** A filter with more cases than this is not taken apart: it may overlap with anything. */
const MAX_CASES = 200;

const ANYTHING: readonly Case[] = [new Map()];

/** Reads a rule's filter once, for many comparisons. A filter that cannot be parsed may take anything. */
export function eventsTakenBy({ sources, when }: Routed): TakenEvents {
  return { sources, cases: casesOfFilter(when) };
}

/**
 * Whether an event could be taken by both: true unless it is proven that none can. Two filters are proven apart by
 * what they compare with literals, as `event = "A"` and `event = "B"`, and by one asking for the very condition that
 * the other excludes.
 * @param where only events with this value are asked about
 */
export function mayOverlap(a: TakenEvents, b: TakenEvents, where?: EventValue): boolean {
  if (a.sources && b.sources && !a.sources.some((source) => b.sources!.includes(source))) return false;
  if (a.cases === null || b.cases === null) return true;
  const wanted: Case = new Map(where ? [[pathKey(where.path), constraint(true, [where.value])]] : []);
  const right = b.cases;
  return a.cases.some((one) =>
    right.some((other) => {
      const both = join(one, other);
      return both !== null && join(both, wanted) !== null;
    }),
  );
}

function casesOfFilter(when: string | undefined): readonly Case[] | null {
  if (when === undefined) return ANYTHING;
  const parsed = parseFql(when);
  return parsed.ok ? casesOf(parsed.ast, when, true) : null;
}

/** The ways in which a condition comes out as `wanted`; null where they are too many. */
function casesOf(node: FqlNode, text: string, wanted: boolean): readonly Case[] | null {
  switch (node.kind) {
    case 'not':
      return casesOf(node.operand, text, !wanted);
    case 'and':
    case 'or': {
      const each = node.operands.map((operand) => casesOf(operand, text, wanted));
      if (!each.every((cases) => cases !== null)) return null;
      return (node.kind === 'and') === wanted ? joinAll(each) : withinLimit(each.flat());
    }
    case 'compare':
      return [compared(node, text, wanted)];
    case 'path':
      return [new Map([[pathKey(node.segments), constraint(wanted, [true])]])];
    default:
      return [asWritten(node, text, wanted)];
  }
}

function compared(node: FqlNode & { kind: 'compare' }, text: string, wanted: boolean): Case {
  const { operator, left, right } = node;
  if (left.kind !== 'path' || right.kind !== 'literal') return asWritten(node, text, wanted);
  const key = pathKey(left.segments);
  const { value } = right;
  if (operator === 'in' && Array.isArray(value)) return new Map([[key, constraint(wanted, value)]]);
  if ((operator === '=' || operator === '!=') && !Array.isArray(value)) {
    return new Map([[key, constraint((operator === '=') === wanted, [value])]]);
  }
  return asWritten(node, text, wanted);
}

/** A condition that is not looked into: it is true or not. */
function asWritten({ start, end }: FqlNode, text: string, wanted: boolean): Case {
  return new Map([[`condition ${text.slice(start, end)}`, constraint(wanted, [true])]]);
}

function pathKey(segments: readonly string[]): string {
  return `path ${JSON.stringify(segments)}`;
}

function constraint(isIn: boolean, values: readonly unknown[]): Constraint {
  return { is: isIn ? 'in' : 'not in', values: new Set(values) };
}

/** Every combination of one case of each; null where they are too many. */
function joinAll(each: readonly (readonly Case[])[]): readonly Case[] | null {
  let joined: readonly Case[] | null = ANYTHING;
  for (const cases of each) {
    const combined: Case[] = joined.flatMap((one) => cases.flatMap((other) => join(one, other) ?? []));
    joined = withinLimit(combined);
    if (joined === null) return null;
  }
  return joined;
}

function withinLimit(cases: readonly Case[]): readonly Case[] | null {
  return cases.length > MAX_CASES ? null : cases;
}

/** Both at once; null where that cannot be. */
function join(a: Case, b: Case): Case | null {
  const joined = new Map(a);
  for (const [key, theirs] of b) {
    const ours = joined.get(key);
    const both = ours ? narrow(ours, theirs) : theirs;
    if (both.is === 'in' && both.values.size === 0) return null;
    joined.set(key, both);
  }
  return joined;
}

function narrow(a: Constraint, b: Constraint): Constraint {
  if (a.is === 'not in' && b.is === 'not in')
    return { is: 'not in', values: new Set([...a.values, ...b.values]) };
  if (a.is === 'not in') return narrow(b, a);
  const isKept = (value: unknown) => b.values.has(value) === (b.is === 'in');
  return { is: 'in', values: new Set([...a.values].filter(isKept)) };
}
