import type { FqlComparison, FqlNode, FqlScalar } from './ast.js';
import { type Constraint, narrow, noneOf, numbers, oneOf } from './constraint.js';
import { isScalar } from './values.js';

/** One way in which a condition can hold: a constraint for each operand it reads, all of which are met. */
export type FqlCase = ReadonlyMap<string, Constraint>;

/** A condition with more cases than this is not taken apart: it may be true and may be false. */
const MAX_CASES = 200;

const ANYTHING: readonly FqlCase[] = [new Map()];

/** What a comparison says once its sides are exchanged. */
const MIRRORED: Record<FqlComparison, FqlComparison | null> = {
  '=': '=',
  '!=': '!=',
  '>': '<',
  '>=': '<=',
  '<': '>',
  '<=': '>=',
  in: null,
};

/** Constrains an operand beforehand: the values it can have in any event. */
export type DomainOf = (operand: FqlNode) => Constraint | undefined;

/**
 * The ways in which a condition comes out as `wanted`: none proves that it never does. Null where they are too many.
 * What the reasoning does not reach (a comparison of two fields, a function) is taken to be possible either way,
 * and only excludes its own opposite.
 */
export function casesOf(
  node: FqlNode,
  wanted: boolean,
  domainOf: DomainOf = () => undefined,
): readonly FqlCase[] | null {
  switch (node.kind) {
    case 'not':
      return casesOf(node.operand, !wanted, domainOf);
    case 'and':
    case 'or': {
      const each = node.operands.map((operand) => casesOf(operand, wanted, domainOf));
      if (!each.every((cases) => cases !== null)) return null;
      return (node.kind === 'and') === wanted ? joinAll(each) : withinLimit(each.flat());
    }
    case 'compare':
      return casesOfComparison(node, wanted, domainOf);
    case 'path':
    case 'call':
      return constrain(node, wanted ? oneOf([true]) : noneOf([true]), domainOf);
    case 'literal':
      return ANYTHING;
  }
}

/** Both at once; null where that cannot be. */
export function joinCases(a: FqlCase, b: FqlCase): FqlCase | null {
  const joined = new Map(a);
  return joinInto(joined, b) ? joined : null;
}

/** The same into a case that is changed; false where that cannot be. */
function joinInto(joined: Map<string, Constraint>, other: FqlCase): boolean {
  for (const [key, theirs] of other) {
    const ours = joined.get(key);
    const both = ours ? narrow(ours, theirs) : theirs;
    if (both === null) return false;
    joined.set(key, both);
  }
  return true;
}

/** The case in which a field has one of these values. */
export function caseOfField(segments: readonly string[], values: readonly FqlScalar[]): FqlCase {
  return new Map([[keyOfField(segments), oneOf(values)]]);
}

function casesOfComparison(
  node: FqlNode & { kind: 'compare' },
  wanted: boolean,
  domainOf: DomainOf,
): readonly FqlCase[] {
  const { operand, operator, literal } = literalRight(node) ?? {};
  const asWritten = new Map([[keyOf(node), wanted ? oneOf([true]) : noneOf([true])]]);
  if (!operand || !operator || !literal) return [asWritten];
  const { value } = literal;
  if (operator === 'in') {
    return Array.isArray(value)
      ? constrain(operand, wanted ? oneOf(value) : noneOf(value), domainOf)
      : [asWritten];
  }
  if (operator === '=' || operator === '!=') {
    if (!isScalar(value)) return [asWritten];
    return constrain(operand, (operator === '=') === wanted ? oneOf([value]) : noneOf([value]), domainOf);
  }
  // Not greater may be smaller, and may be no number at all.
  if (!wanted || typeof value !== 'number') return [asWritten];
  return constrain(operand, numbers(operator, value), domainOf).map((one) => new Map([...one, ...asWritten]));
}

/** A comparison of something with a literal, whichever side the literal stands on. */
export function literalRight({ operator, left, right }: FqlNode & { kind: 'compare' }) {
  if (left.kind !== 'literal' && right.kind === 'literal') return { operand: left, operator, literal: right };
  const mirrored = MIRRORED[operator];
  if (left.kind === 'literal' && right.kind !== 'literal' && mirrored !== null)
    return { operand: right, operator: mirrored, literal: left };
  return undefined;
}

function constrain(operand: FqlNode, constraint: Constraint, domainOf: DomainOf): readonly FqlCase[] {
  const narrowed = narrow(domainOf(operand) ?? {}, constraint);
  return narrowed === null ? [] : [new Map([[keyOf(operand), narrowed]])];
}

/** Every combination of one case of each; null where they are too many. */
function joinAll(each: readonly (readonly FqlCase[])[]): readonly FqlCase[] | null {
  const alone = new Map<string, Constraint>();
  // Most conditions have one case: copied for each, a filter of thousands would take the square of their number.
  for (const [only] of each.filter(({ length }) => length === 1)) if (!joinInto(alone, only!)) return [];
  let joined: readonly FqlCase[] | null = [alone];
  for (const cases of each.filter(({ length }) => length !== 1)) {
    const combined: FqlCase[] = joined.flatMap((one) =>
      cases.flatMap((other) => joinCases(one, other) ?? []),
    );
    joined = withinLimit(combined);
    if (joined === null) return null;
  }
  return joined;
}

function withinLimit(cases: readonly FqlCase[]): readonly FqlCase[] | null {
  return cases.length > MAX_CASES ? null : cases;
}

/** Two operands with one key have the same value, whatever the event is. */
function keyOf(node: FqlNode): string {
  switch (node.kind) {
    case 'path':
      return keyOfField(node.segments);
    case 'literal':
      return JSON.stringify(node.value);
    case 'call':
      return `${node.name}(${node.args.map(keyOf).join(', ')})`;
    case 'compare':
      return `(${keyOf(node.left)} ${node.operator} ${keyOf(node.right)})`;
    case 'not':
      return `!(${keyOf(node.operand)})`;
    default:
      return `(${node.operands.map(keyOf).join(` ${node.kind} `)})`;
  }
}

function keyOfField(segments: readonly string[]): string {
  return `field ${JSON.stringify(segments)}`;
}
