import type { FqlNode } from './ast.js';
import { FUNCTIONS } from './functions.js';
import { compileGlob } from './glob.js';
import { parseFql } from './parse.js';
import type { FqlProblem } from './problem.js';
import { compilePath, isEqual, isIn, isScalar } from './values.js';

type Condition = (event: unknown) => boolean;
type Reader = (event: unknown) => unknown;

/** A filter ready to run: `matches` never throws, whatever the event is. */
export type CompileResult = { ok: true; matches: Condition } | { ok: false; problem: FqlProblem };

/** Parses a filter and compiles it to closures, once, so that an event passes through no interpreter. */
export function compileFql(text: string): CompileResult {
  const parsed = parseFql(text);
  return parsed.ok ? { ok: true, matches: compileMatches(parsed.ast) } : parsed;
}

/** JSON cannot make a condition throw; a getter, a proxy or a list within itself can, and is no match. */
export function compileMatches(ast: FqlNode): Condition {
  const condition = compileCondition(ast);
  return (event) => {
    try {
      return condition(event);
    } catch {
      return false;
    }
  };
}

/** Only true is true: null and whatever is of the wrong type count as not. */
function compileCondition(node: FqlNode): Condition {
  switch (node.kind) {
    case 'and': {
      const conditions = node.operands.map(compileCondition);
      const [first, second] = conditions;
      // Never one closure in another: a filter of thousands of conditions would be as deep as it is long.
      if (conditions.length === 2) return (event) => first!(event) && second!(event);
      return (event) => conditions.every((condition) => condition(event));
    }
    case 'or': {
      const conditions = node.operands.map(compileCondition);
      const [first, second] = conditions;
      if (conditions.length === 2) return (event) => first!(event) || second!(event);
      return (event) => conditions.some((condition) => condition(event));
    }
    case 'not': {
      const operand = compileCondition(node.operand);
      return (event) => !operand(event);
    }
    case 'compare':
      return compileComparison(node);
    default: {
      const read = compileReader(node);
      return (event) => read(event) === true;
    }
  }
}

/** Compiles a node to a reader of its value. */
export function compileReader(node: FqlNode): Reader {
  switch (node.kind) {
    case 'literal': {
      const value = node.value;
      return () => value;
    }
    case 'path':
      return compilePath(node.segments);
    case 'call':
      return compileCall(node);
    default:
      return compileCondition(node);
  }
}

function compileComparison({ operator, left, right }: FqlNode & { kind: 'compare' }): Condition {
  const a = compileReader(left);
  const b = compileReader(right);
  switch (operator) {
    case '=':
    case '!=': {
      const literal = right.kind === 'literal' && isScalar(right.value) ? right.value : undefined;
      const same: Condition =
        literal === undefined ? (event) => isEqual(a(event), b(event)) : (event) => a(event) === literal;
      return operator === '=' ? same : (event) => !same(event);
    }
    case 'in': {
      if (right.kind !== 'literal' || !Array.isArray(right.value)) return (event) => isIn(a(event), b(event));
      const members = new Set<unknown>(right.value);
      return (event) => members.has(a(event));
    }
    case '>':
      return numeric(a, b, (x, y) => x > y);
    case '>=':
      return numeric(a, b, (x, y) => x >= y);
    case '<':
      return numeric(a, b, (x, y) => x < y);
    case '<=':
      return numeric(a, b, (x, y) => x <= y);
  }
}

function numeric(a: Reader, b: Reader, compare: (x: number, y: number) => boolean): Condition {
  return (event) => {
    const x = toNumber(a(event));
    const y = toNumber(b(event));
    return x !== undefined && y !== undefined && compare(x, y);
  };
}

/** A double holds every decimal of fewer digits. */
const LONG_NUMBER = /^-?(?=[\d.]{16})\d+(?:\.\d+)?$/;

/** A number that a double cannot hold arrives as text with its digits: it is no less a number for a filter. */
function toNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && LONG_NUMBER.test(value) ? Number(value) : undefined;
}

function compileCall({ name, args }: FqlNode & { kind: 'call' }): Reader {
  const { apply } = FUNCTIONS.get(name)!;
  const [a, b, c] = args.map(compileReader);
  const pattern = args[1];
  if (name === 'match' && pattern?.kind === 'literal' && typeof pattern.value === 'string') {
    const matches = compileGlob(pattern.value);
    return (event) => {
      const text = a!(event);
      return typeof text === 'string' && matches(text);
    };
  }
  return (event) => apply(a!(event), b?.(event) ?? null, c?.(event) ?? null);
}
