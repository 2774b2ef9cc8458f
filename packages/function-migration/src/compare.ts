import type { AnyNode } from 'acorn';
import type { Scalar, Test } from './condition.js';
import type { Machine } from './machine.js';
import type { Sym } from './symbols.js';
import { known, not, truthOf, unclear } from './truth.js';

const NUMBER_OPERATORS = ['>', '>=', '<', '<='] as const;
const TURNED: Record<string, '>' | '>=' | '<' | '<='> = { '>': '<', '>=': '<=', '<': '>', '<=': '>=' };

export const COMPARISONS = ['===', '!==', '==', '!=', ...NUMBER_OPERATORS];

/** What a comparison asks of the event. */
export function compare(machine: Machine, operator: string, left: Sym, right: Sym, node: AnyNode): Test {
  if (left.kind === 'constant' && right.kind === 'constant') {
    return known(compareConstants(operator, left.value, right.value));
  }
  if (left.kind === 'constant') return compare(machine, TURNED[operator] ?? operator, right, left, node);
  if (right.kind !== 'constant') return unclear(machine, node, 'compares two values of the event');
  const place = placeOf(left);
  if (place === null) return compareOther(machine, operator, left, right.value, node);
  if (/^[=!]=/.test(operator)) {
    if (left.kind === 'converted' && left.as === 'number') {
      return unclear(machine, node, 'compares a converted value');
    }
    const equals: Test = { kind: 'equals', path: place, value: right.value ?? null };
    return operator.startsWith('!') ? not(equals) : equals;
  }
  if (typeof right.value !== 'number') return unclear(machine, node, 'compares with what is no number');
  return {
    kind: 'number',
    path: place,
    operator: operator as '>' | '>=' | '<' | '<=',
    value: right.value,
  };
}

/** Whether a value is one of a list of constants. */
export function isOneOf(machine: Machine, item: Sym, list: readonly Sym[], node: AnyNode): Test {
  const values: Scalar[] = [];
  for (const each of list) {
    if (each.kind !== 'constant')
      return unclear(machine, node, 'looks for a value in a list that is not constant');
    values.push(each.value ?? null);
  }
  if (item.kind === 'constant') return known(values.includes(item.value ?? null));
  const path = placeOf(item);
  if (path === null) return unclear(machine, node, 'looks for something that is not a value of the event');
  return values.length === 1 ? { kind: 'equals', path, value: values[0]! } : { kind: 'in', path, values };
}

/** The one place of the event that a value is taken from as it is. */
export function placeOf(sym: Sym): readonly string[] | null {
  if (sym.kind === 'path' && sym.path.length > 0) return sym.path;
  if (sym.kind === 'optional') return placeOf(sym.of);
  return sym.kind === 'converted' ? placeOf(sym.of) : null;
}

/** Of what is no place of the event: is it there at all? */
function compareOther(machine: Machine, operator: string, sym: Sym, value: unknown, node: AnyNode): Test {
  if (sym.kind === 'test' && typeof value === 'boolean' && /^[=!]=/.test(operator)) {
    return operator.startsWith('!') === value ? not(sym.test) : sym.test;
  }
  const isAbsence = value === null || value === undefined || value === '';
  if (isAbsence && /^[=!]=/.test(operator) && sym.kind !== 'unknown') {
    const present = truthOf(machine, sym, node);
    return operator.startsWith('!') ? present : not(present);
  }
  return truthOf(machine, sym.kind === 'unknown' ? sym : machine.unknown(node, 'a comparison'), node);
}

function compareConstants(operator: string, left: unknown, right: unknown): boolean {
  switch (operator) {
    case '===':
      return left === right;
    case '!==':
      return left !== right;
    case '==':
      return (left ?? null) === (right ?? null);
    case '!=':
      return (left ?? null) !== (right ?? null);
    case '>':
      return Number(left) > Number(right);
    case '>=':
      return Number(left) >= Number(right);
    case '<':
      return Number(left) < Number(right);
    default:
      return Number(left) <= Number(right);
  }
}
