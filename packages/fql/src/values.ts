import type { FqlScalar } from './ast.js';

export const FQL_TYPES = ['string', 'number', 'bool', 'list', 'null', 'object'] as const;

/** What the language can tell apart. An `object` is outside it: it has no literal and equals nothing. */
export type FqlType = (typeof FQL_TYPES)[number];

export function typeOf(value: unknown): FqlType {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'list';
  switch (typeof value) {
    case 'string':
      return 'string';
    case 'number':
      return 'number';
    case 'boolean':
      return 'bool';
    default:
      return 'object';
  }
}

export function isScalar(value: unknown): value is FqlScalar {
  const type = typeOf(value);
  return type !== 'list' && type !== 'object' && value !== undefined;
}

/** Strict, type-aware equality; lists by their elements in order. */
export function isEqual(a: unknown, b: unknown): boolean {
  if (isScalar(a)) return a === b;
  if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
  return a.every((element, index) => isEqual(element ?? null, b[index] ?? null));
}

/** Whether a scalar is one of a list's elements; false where the right side is no list. */
export function isIn(value: unknown, list: unknown): boolean {
  return isScalar(value) && Array.isArray(list) && list.includes(value);
}

/** Compiles a path to a reader of own properties; what is missing, inherited or undefined is null. */
export function compilePath(segments: readonly string[]): (event: unknown) => unknown {
  const [first, second] = segments;
  if (segments.length === 1) return (event) => readOwn(event, first!);
  if (segments.length === 2) return (event) => readOwn(readOwn(event, first!), second!);
  return (event) => {
    let value = event;
    for (const segment of segments) value = readOwn(value, segment);
    return value;
  };
}

function readOwn(holder: unknown, key: string): unknown {
  if (typeof holder !== 'object' || holder === null || !Object.hasOwn(holder, key)) return null;
  // A list is stepped into by index, as Segment's own evaluator does; its `length` is not a field.
  if (key === 'length' && Array.isArray(holder)) return null;
  return (holder as Record<string, unknown>)[key] ?? null;
}
