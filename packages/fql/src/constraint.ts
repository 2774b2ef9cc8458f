import type { FqlScalar } from './ast.js';
import { type FqlType, typeOf } from './values.js';

/** One end of a range of numbers. */
type Bound = { at: number; inclusive: boolean };

/** The values that one operand may have for a condition to hold; each part left out allows everything. */
export type Constraint = {
  /** It is one of these. */
  values?: ReadonlySet<FqlScalar>;
  /** It is none of these. */
  except?: ReadonlySet<FqlScalar>;
  types?: ReadonlySet<FqlType>;
  /** Bounds of a number; they say nothing of a value of another type. */
  min?: Bound;
  max?: Bound;
};

export function oneOf(values: Iterable<FqlScalar>): Constraint {
  return { values: new Set(values) };
}

export function noneOf(values: Iterable<FqlScalar>): Constraint {
  return { except: new Set(values) };
}

/** The numbers that a comparison with `at` allows. */
export function numbers(operator: '>' | '>=' | '<' | '<=', at: number): Constraint {
  const bound: Bound = { at, inclusive: operator.length === 2 };
  const types: ReadonlySet<FqlType> = new Set<FqlType>(['number']);
  return operator.startsWith('>') ? { types, min: bound } : { types, max: bound };
}

/** Both at once; null where no value fits both. */
export function narrow(a: Constraint, b: Constraint): Constraint | null {
  const both: Constraint = {
    values: a.values && b.values ? intersect(a.values, b.values) : (a.values ?? b.values),
    except: a.except && b.except ? new Set([...a.except, ...b.except]) : (a.except ?? b.except),
    types: a.types && b.types ? intersect(a.types, b.types) : (a.types ?? b.types),
    min: tighter(a.min, b.min, (x, y) => x.at > y.at),
    max: tighter(a.max, b.max, (x, y) => x.at < y.at),
  };
  return isEmpty(both) ? null : both;
}

function isEmpty(constraint: Constraint): boolean {
  const { values, except, types } = constraint;
  if (values) return ![...values].some((value) => allows(constraint, value));
  if (!types) return false;
  return [...types].every((type) => {
    if (type === 'null') return except?.has(null) ?? false;
    return type === 'number' && isEmptyRange(constraint);
  });
}

function allows({ except, types, min, max }: Constraint, value: FqlScalar): boolean {
  if (except?.has(value) || (types && !types.has(typeOf(value)))) return false;
  if (typeof value !== 'number') return true;
  const isAbove = !min || value > min.at || (min.inclusive && value === min.at);
  const isBelow = !max || value < max.at || (max.inclusive && value === max.at);
  return isAbove && isBelow;
}

function isEmptyRange({ min, max, except }: Constraint): boolean {
  if (!min || !max) return false;
  if (min.at !== max.at) return min.at > max.at;
  return !(min.inclusive && max.inclusive) || (except?.has(min.at) ?? false);
}

/** Of two bounds at the same number, the one that leaves it out. */
function tighter(
  a: Bound | undefined,
  b: Bound | undefined,
  isTighter: (a: Bound, b: Bound) => boolean,
): Bound | undefined {
  if (!a || !b) return a ?? b;
  if (a.at === b.at) return a.inclusive ? b : a;
  return isTighter(a, b) ? a : b;
}

function intersect<T>(a: ReadonlySet<T>, b: ReadonlySet<T>): ReadonlySet<T> {
  return new Set([...a].filter((each) => b.has(each)));
}
