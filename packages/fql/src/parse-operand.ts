import type { FqlNode, FqlScalar } from './ast.js';
import { mayBe } from './check-types.js';
import {
  adviceAt,
  type Cursor,
  current,
  endOfPrevious,
  expected,
  isSymbol,
  nested,
  refuse,
  takeSymbol,
} from './cursor.js';
import { FUNCTIONS, type Parameter } from './functions.js';
import type { Token } from './lex.js';
import { SEMVER_OPERATORS } from './semver.js';

const CONSTANTS = new Map<string, FqlScalar>([
  ['true', true],
  ['false', false],
  ['null', null],
]);

/** Reads a field, a literal, a list or a function call; parentheses are read by the given `parseInner`. */
export function parseOperand(
  cursor: Cursor,
  parseInner: (cursor: Cursor) => FqlNode | undefined,
): FqlNode | undefined {
  const token = current(cursor);
  const scalar = scalarOf(token);
  if (scalar !== undefined) {
    cursor.index++;
    return { kind: 'literal', value: scalar, start: token.start, end: token.end };
  }
  if (token.kind === 'path') {
    cursor.index++;
    if (isSymbol(current(cursor), '(')) {
      return nested(cursor, () => parseCall(cursor, token, (inner) => parseOperand(inner, parseInner)));
    }
    return { kind: 'path', segments: token.segments, start: token.start, end: token.end };
  }
  if (isSymbol(token, '[')) return parseList(cursor);
  if (!takeSymbol(cursor, '(')) return expected(cursor, 'a field, a value, a function or "("');
  const inner = nested(cursor, () => parseInner(cursor));
  if (inner === undefined) return undefined;
  return takeSymbol(cursor, ')') ? inner : expected(cursor, 'an operator, "and", "or" or ")"');
}

function scalarOf(token: Token): FqlScalar | undefined {
  if (token.kind === 'string' || token.kind === 'number') return token.value;
  return token.kind === 'word' ? CONSTANTS.get(token.word) : undefined;
}

function parseList(cursor: Cursor): FqlNode | undefined {
  const start = current(cursor).start;
  const value: FqlScalar[] = [];
  cursor.index++;
  if (!takeSymbol(cursor, ']')) {
    do {
      const scalar = scalarOf(current(cursor));
      if (scalar === undefined) return expected(cursor, 'a string, a number, true, false or null');
      value.push(scalar);
      cursor.index++;
    } while (takeSymbol(cursor, ','));
    if (!takeSymbol(cursor, ']')) return expected(cursor, '"," or "]"');
  }
  return { kind: 'literal', value, start, end: endOfPrevious(cursor) };
}

function parseCall(
  cursor: Cursor,
  { start, end }: Token,
  parseArgument: (cursor: Cursor) => FqlNode | undefined,
): FqlNode | undefined {
  const name = cursor.text.slice(start, end);
  const parameters = FUNCTIONS.get(name)?.parameters;
  if (parameters === undefined) {
    const names = [...FUNCTIONS.keys()].join(', ');
    return refuse(
      cursor,
      start,
      `found an unknown function, expected one of ${names}${adviceAt(cursor, start)}`,
    );
  }
  const args: FqlNode[] = [];
  cursor.index++;
  if (!takeSymbol(cursor, ')')) {
    do {
      const argument = parseArgument(cursor);
      if (argument === undefined) return undefined;
      args.push(argument);
    } while (takeSymbol(cursor, ','));
    if (!takeSymbol(cursor, ')')) return expected(cursor, '"," or ")"');
  }
  if (args.length !== parameters.length) {
    const found = `${args.length} argument${args.length === 1 ? '' : 's'}`;
    return refuse(cursor, start, `found ${found} to ${name}, expected ${parameters.length}`);
  }
  const isFit = args.every((argument, index) => fits(cursor, argument, parameters[index]!, name));
  return isFit ? { kind: 'call', name, args, start, end: endOfPrevious(cursor) } : undefined;
}

function fits(cursor: Cursor, argument: FqlNode, parameter: Parameter, name: string): boolean {
  if (parameter === 'anything') return true;
  if (parameter !== 'semver operator') return mayBe(cursor, argument, parameter, `in ${name}`);
  if (argument.kind === 'literal' && SEMVER_OPERATORS.some((operator) => operator === argument.value))
    return true;
  const operators = SEMVER_OPERATORS.map((operator) => `'${operator}'`).join(', ');
  refuse(cursor, argument.start, `found no operator in ${name}, expected one of ${operators}`);
  return false;
}
