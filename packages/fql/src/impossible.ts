import type { FqlNode } from './ast.js';
import { casesOf, joinCases } from './cases.js';
import type { Constraint } from './constraint.js';
import type { EventShape, FieldShape } from './event-shape.js';
import { findMisfits, type Misfit, shapeOf } from './misfits.js';
import { parseFql } from './parse.js';
import { type FqlProblem, problemAt } from './problem.js';
import { sketch } from './sketch.js';

/**
 * Finds what can never match in a filter that can be read: fields that no event has, comparisons that never hold,
 * and conditions that exclude each other. It reports only what is proven, whatever an event holds; a field written
 * with a backslash before its name (`\tenant`) may be there all the same.
 */
export function findImpossible(text: string, shape: EventShape): FqlProblem[] {
  const parsed = parseFql(text);
  if (!parsed.ok) return [];
  return visit(parsed.ast, true).map(({ at, message }) => problemAt(text, at, message));

  function visit(node: FqlNode, wanted: boolean): Misfit[] {
    switch (node.kind) {
      case 'not':
        return visit(node.operand, !wanted);
      case 'and':
      case 'or': {
        const found = node.operands.flatMap((operand) => visit(operand, wanted));
        const isConjunction = (node.kind === 'and') === wanted;
        return found.length === 0 && isConjunction ? findConflict(node.operands, wanted) : found;
      }
      default: {
        const found = findMisfits(node, text, shape, { isCondition: true });
        if (found.length > 0 || casesOf(node, wanted, domainOf)?.length !== 0) return found;
        return [{ at: node.start, message: `found ${sketch(node, text)}, which ${never(wanted)}` }];
      }
    }
  }

  function findConflict(operands: readonly FqlNode[], wanted: boolean): Misfit[] {
    const conjunction: FqlNode = { kind: wanted ? 'and' : 'or', operands, start: 0, end: 0 };
    if (casesOf(conjunction, wanted, domainOf)?.length !== 0) return [];
    const pair = findPair(operands, wanted);
    const last = operands.at(-1)!;
    if (!pair)
      return [{ at: last.start, message: 'found conditions that exclude each other: no event is all' }];
    const [first, second] = pair;
    const { column, line } = problemAt(text, first.start, '');
    const place = line === 1 ? `column ${column}` : `line ${line}, column ${column}`;
    const other = `${sketch(first, text)} in ${place}`;
    const hint = wanted && isEquality(first) && isEquality(second) ? '; expected "or" between them' : '';
    return [
      {
        at: second.start,
        message: `found ${sketch(second, text)}, which excludes ${other}: no event is both${hint}`,
      },
    ];
  }

  /** The first two that no event meets together; undefined where it takes three. */
  function findPair(operands: readonly FqlNode[], wanted: boolean): [FqlNode, FqlNode] | undefined {
    const cases = operands.map((operand) => casesOf(operand, wanted, domainOf) ?? []);
    for (const [index, second] of operands.entries()) {
      for (const [before, first] of operands.slice(0, index).entries()) {
        const canBoth = cases[before]!.some((a) => cases[index]!.some((b) => joinCases(a, b) !== null));
        if (!canBoth) return [first, second];
      }
    }
    return undefined;
  }

  function domainOf(operand: FqlNode): Constraint | undefined {
    const known = shapeOf(operand, shape);
    if (!known) return undefined;
    const types: Constraint = { types: new Set(known.types) };
    if (known.words) return { ...types, values: new Set([...known.words, ...withNull(known)]) };
    return operand.kind === 'call' && operand.name === 'length' ? { ...types, min: AT_LEAST_ZERO } : types;
  }
}

const AT_LEAST_ZERO = { at: 0, inclusive: true };

function withNull({ types }: FieldShape): null[] {
  return types.includes('null') ? [null] : [];
}

function never(wanted: boolean): string {
  return wanted ? 'is true of no event' : 'is true of every event, and excludes all behind "!"';
}

function isEquality(node: FqlNode): boolean {
  return node.kind === 'compare' && (node.operator === '=' || node.operator === 'in');
}
